import type { Command } from "./command.ts";

export interface Leaf {
  readonly summary: string;
  /** Reads the command's module: only what is called is loaded, so that `mcp` starts fast. */
  readonly load: () => Promise<Command>;
}
export interface Group {
  readonly summary: string;
  readonly leaves: Readonly<Record<string, Leaf>>;
  /** What the group's own word does when flags follow it. */
  readonly self?: Leaf;
}

/** Every command of the program, by its words. */
export const TREE: Readonly<Record<string, Leaf | Group>> = {
  up: leaf("run the control plane and its gateway in this process", async () => (await import("../commands/up.ts")).up),
  server: leaf(
    "run a control plane beside others on one PostgreSQL",
    async () => (await import("../commands/server.ts")).server,
  ),
  demo: leaf("replay the ignored code freeze with real parts", async () => (await import("../commands/demo.ts")).demo),
  status: leaf(
    "show the chain, its first broken link and the repair",
    async () => (await import("../commands/status.ts")).status,
  ),
  doctor: leaf("check the installation", async () => (await import("../commands/doctor.ts")).doctor),
  drill: leaf("see that a stop really stops", async () => (await import("../commands/drill.ts")).drill),
  login: leaf("sign in on this machine", async () => (await import("../commands/login.ts")).login),
  enroll: leaf("enrol this device and sign in", async () => (await import("../commands/login.ts")).enroll),
  connect: leaf(
    "put an agent's client behind Countersign",
    async () => (await import("../commands/connect.ts")).connect,
  ),
  agent: group("agents and their owners", {
    create: leaf(
      "register an agent (a human signs)",
      async () => (await import("../commands/agent-create.ts")).agentCreate,
    ),
    list: leaf("list agents", async () => (await import("../commands/agent.ts")).agentList),
    show: leaf("show one agent", async () => (await import("../commands/agent.ts")).agentShow),
    suspend: leaf(
      "stop an agent until it is reinstated",
      async () => (await import("../commands/agent.ts")).agentSuspend,
    ),
    reinstate: leaf(
      "let a suspended agent go on (a human signs)",
      async () => (await import("../commands/agent.ts")).agentReinstate,
    ),
    reassign: leaf(
      "give an agent without an owner to somebody (a human signs)",
      async () => (await import("../commands/agent.ts")).agentReassign,
    ),
    retire: leaf("end an agent for good", async () => (await import("../commands/agent.ts")).agentRetire),
  }),
  human: group("people", {
    invite: leaf(
      "make a link with which a person registers",
      async () => (await import("../commands/human.ts")).humanInvite,
    ),
    list: leaf("list people", async () => (await import("../commands/human.ts")).humanList),
    reinstate: leaf(
      "let a person in again who had left (a human signs)",
      async () => (await import("../commands/human.ts")).humanReinstate,
    ),
  }),
  device: group("devices", {
    list: leaf("list devices", async () => (await import("../commands/device.ts")).deviceList),
    lost: leaf("give a device up for good", async () => (await import("../commands/device.ts")).deviceLost),
  }),
  task: group("tasks: the only thing that carries rights", {
    open: leaf("open a task", async () => (await import("../commands/task-open.ts")).taskOpen),
    list: leaf("list tasks", async () => (await import("../commands/task.ts")).taskList),
    show: leaf("show one task", async () => (await import("../commands/task.ts")).taskShow),
    end: leaf("end a task", async () => (await import("../commands/task.ts")).taskEnd),
  }),
  mandate: group("work while nobody is signed in", {
    create: leaf(
      "allow unattended work of an agent (a human signs)",
      async () => (await import("../commands/mandate-create.ts")).mandateCreate,
    ),
    list: leaf("list mandates", async () => (await import("../commands/mandate.ts")).mandateList),
    revoke: leaf(
      "end a mandate and its tasks at once",
      async () => (await import("../commands/mandate.ts")).mandateRevoke,
    ),
  }),
  mcp: leaf("be an MCP server whose calls pass the gateway", async () => (await import("../commands/mcp.ts")).mcp),
  hook: leaf("judge one use of a coding agent's own tools", async () => (await import("../commands/hook.ts")).hook),
  run: leaf("run a command under a task of its own", async () => (await import("../commands/run.ts")).run),
  approvals: group("what waits for a signature", {
    list: leaf("list approvals", async () => (await import("../commands/approvals.ts")).approvalsList),
    show: leaf(
      "show one approval with its exact content",
      async () => (await import("../commands/approvals.ts")).approvalsShow,
    ),
    deny: leaf("deny an approval", async () => (await import("../commands/approvals.ts")).approvalsDeny),
  }),
  approve: leaf(
    "open the page on which an approval is signed",
    async () => (await import("../commands/approve.ts")).approve,
  ),
  freeze: leaf("refuse every new action in a scope", async () => (await import("../commands/brake.ts")).freeze),
  sever: leaf("end live tasks in a scope", async () => (await import("../commands/brake.ts")).sever),
  offboard: leaf(
    "let a person go: their agents stop before this answers",
    async () => (await import("../commands/offboard.ts")).offboard,
  ),
  thaw: leaf("ask for the signature that lifts a stop", async () => (await import("../commands/thaw.ts")).thaw),
  policy: group("the rules", {
    check: leaf("check a policy text", async () => (await import("../commands/policy.ts")).policyCheck),
    publish: leaf(
      "publish a policy text (an administrator signs)",
      async () => (await import("../commands/policy.ts")).policyPublish,
    ),
    show: leaf("show the policy in force", async () => (await import("../commands/policy.ts")).policyShow),
  }),
  secret: group("what is kept sealed", {
    replace: leaf(
      "give an upstream another secret (an administrator signs)",
      async () => (await import("../commands/secret.ts")).secretReplace,
    ),
    "rotate-master": leaf(
      "replace the master key",
      async () => (await import("../commands/secret.ts")).secretRotateMaster,
    ),
  }),
  upstream: group("what the gateways guard", {
    add: leaf(
      "guard a server (an administrator signs)",
      async () => (await import("../commands/upstream-add.ts")).upstreamAdd,
    ),
    remove: leaf("stop using a server, at once", async () => (await import("../commands/upstream.ts")).upstreamRemove),
    list: leaf("list upstreams", async () => (await import("../commands/upstream.ts")).upstreamList),
  }),
  gateway: groupWith(
    leaf(
      "run an enforcement point on this machine",
      async () => (await import("../commands/gateway-run.ts")).gatewayRun,
    ),
    "gateways on other machines",
    {
      token: leaf("make a join token for a gateway", async () => (await import("../commands/gateway.ts")).gatewayToken),
      list: leaf("list enforcement points", async () => (await import("../commands/gateway.ts")).gatewayList),
      remove: leaf(
        "take a gateway's identity away",
        async () => (await import("../commands/gateway.ts")).gatewayRemove,
      ),
      trust: leaf(
        "let a gateway have kept secrets (an administrator signs)",
        async () => (await import("../commands/gateway.ts")).gatewayTrust,
      ),
    },
  ),
  ledger: group("the record that only grows", {
    verify: leaf("verify the whole log", async () => (await import("../commands/ledger-verify.ts")).ledgerVerify),
    prove: leaf(
      "print the proof that an entry is in the log",
      async () => (await import("../commands/ledger-prove.ts")).ledgerProve,
    ),
    export: leaf(
      "write the log as files that a stranger can verify",
      async () => (await import("../commands/ledger-export.ts")).ledgerExport,
    ),
    tail: leaf("follow the entries", async () => (await import("../commands/ledger-tail.ts")).ledgerTail),
    who: leaf("show who did what to a resource", async () => (await import("../commands/ledger-who.ts")).ledgerWho),
  }),
  receipt: group("signed proofs of a stop", {
    verify: leaf("verify a receipt", async () => (await import("../commands/receipt-verify.ts")).receiptVerify),
  }),
};

export function isGroup(node: Leaf | Group): node is Group {
  return "leaves" in node;
}

function leaf(summary: string, load: Leaf["load"]): Leaf {
  return { summary, load };
}

function groupWith(self: Leaf, summary: string, leaves: Group["leaves"]): Group {
  return { summary, leaves, self };
}

function group(summary: string, leaves: Group["leaves"]): Group {
  return { summary, leaves };
}
