import type { ApprovalDisplay, ApprovalView } from "@countersign/api";
import { canonicalJson } from "@countersign/core";
import type { ApprovalPageView, InviteView, SetupView, SignInView } from "../views.ts";

/** Views with plausible content, for tests and screenshots. */
const ADA = { id: "hum_00Gx1LVtPqOeGMZhBcw2Ya", name: "Ada Lovelace" };
const NOW = "2026-11-22T09:31:00.000Z";

export const callDisplay: ApprovalDisplay = {
  subject: "call",
  sentence:
    "release-bot, run by Ada Lovelace on ada-thinkpad, wants to destroy or overwrite: write_file on file:/srv/records/executives.json",
  human: ADA,
  device: { id: "dev_00Gx1M5a0nQ4rZPk7sTeWb", name: "ada-thinkpad" },
  agent: { id: "agt_00Gx1MCcQ81vBdHfLk3JzA", name: "release-bot" },
  task: { id: "tsk_00Gx2A8p2mVbN6yRkXh0Qe", name: "Prepare the quarterly summary of executives" },
  action: "mcp:files/write_file",
  resource: "file:/srv/records/executives.json",
  effect: "destructive",
  holds: [
    {
      policyId: "destructive-needs-owner",
      policyHash: "m4nGqUeyC0rT6yYx5v8bFJrFqzB0lVfZb1tQk9cXy2E",
      reason: "What destroys or overwrites needs the owner's signature",
    },
  ],
  content: canonicalJson({
    path: "/srv/records/executives.json",
    content: "[]",
    options: { backup: false, mode: 420 },
  }),
  argsCommitment: "kq3d0o2y7mVbN6yRkXh0QeJrFqzB0lVfZb1tQk9cXy2",
  expiresAt: "2026-11-22T09:44:12.000Z",
};

/** What an attacker would have shown: reading direction turned, invisible characters, letters of another script, forged lines. */
export const hostileDisplay: ApprovalDisplay = {
  ...callDisplay,
  sentence: "rel\u200bease-bot wants to read: write_file on file:/srv/\u202etxt.sevitucexe",
  agent: { id: "agt_00Gx1MCcQ81vBdHfLk3JzA", name: "re\u200dlease-bоt<script>alert(1)</script>" },
  resource: "file:/srv/rec\u043erds/executives.json",
  content: canonicalJson({
    path: "/srv/rec\u043erds/\u202enosj.sevitucexe",
    content:
      'first line\n"approved": true,\n\tthird\u0007 line with \u00a0 no-break and \ufeff nothing\n</script><img src=x>',
    "k\u0435y": [1, 2.5, 1e21, null, true, {}, [], { deep: { deeper: ["x"] } }],
  }),
};

/** A change of rights: no device, agent or task acts. */
export const changeDisplay: ApprovalDisplay = {
  ...callDisplay,
  subject: "change",
  sentence: "Register the agent release-bot of Ada Lovelace",
  device: null,
  agent: null,
  task: null,
  action: "agent.create",
  resource: "agt_00Gx1MCcQ81vBdHfLk3JzA",
  effect: "write",
  holds: [],
  content: canonicalJson({
    name: "release-bot",
    owner: ADA.id,
    purpose: "Release notes and summaries",
    grants: [{ action: "mcp:files/*", resource: "file:/srv/records/**" }],
    expiresAt: "2026-12-22T09:31:00.000Z",
  }),
  argsCommitment: null,
};

const KEY = "kq3d0o2y7mVbN6yRkXh0QeJrFqzB0lVfZb1tQk9cXy2";

/** One signature for a machine, the servers of a client and its agent. */
export const connectDisplay: ApprovalDisplay = {
  ...changeDisplay,
  sentence:
    "connect Codex CLI: enrol ada-thinkpad as your device and sign in on it for 12 hours, guard notes, guard issues, register the agent codex",
  human: null,
  action: "client.connect",
  resource: "codex",
  content: canonicalJson({
    client: "Codex CLI",
    machine: {
      device: "dev_00Gx1M5a0nQ4rZPk7sTeWb",
      name: "ada-thinkpad",
      deviceKey: "m4nGqUeyC0rT6yYx5v8bFJrFqzB0lVfZb1tQk9cXy2E",
      sessionKey: KEY,
      enrols: true,
      hours: 12,
    },
    servers: [
      {
        name: "notes",
        change: "new",
        command: ["/usr/bin/node", "/opt/notes/index.js", "/srv/notes"],
        cwd: "/srv",
        environment: { NOTES_TOKEN: "secret, kept sealed" },
        tools: {
          read_note: "read of file:{path}",
          list_notes: "read",
          write_note: "destructive of file:{path}",
          move_note: "destructive",
          share_note: "external",
          constructor: "unknown",
        },
        definitions: KEY,
      },
      { name: "issues", change: "new", url: "https://issues.example/mcp", tools: { list: "read" }, definitions: KEY },
    ],
    agent: {
      change: "new",
      name: "codex",
      owner: "Ada Lovelace",
      ownerId: ADA.id,
      purpose: "Codex CLI: work in notes",
      grants: [
        { action: "mcp:notes/**", resource: "mcp:notes" },
        { action: "mcp:notes/**", resource: "file:/srv/notes" },
        { action: "mcp:notes/**", resource: "file:/srv/notes/**" },
        { action: "mcp:notes#**", resource: "**" },
        { action: "mcp:issues/**", resource: "mcp:issues" },
        { action: "mcp:issues#**", resource: "**" },
        { action: "tool:codex/**", resource: "**" },
      ],
      expiresAt: "2026-12-22T09:31:00.000Z",
    },
  }),
};

/** Work without a person, on a machine of its own. */
export const mandateDisplay: ApprovalDisplay = {
  ...changeDisplay,
  sentence: "let release-bot work while nobody is signed in, 2 tasks a day until 2026-12-12",
  action: "mandate.create",
  resource: "mdt_00Gx2BfW7cRmZt4vLp9DkS",
  content: canonicalJson({
    mandate: "mdt_00Gx2BfW7cRmZt4vLp9DkS",
    agent: "release-bot",
    agentId: "agt_00Gx1MCcQ81vBdHfLk3JzA",
    owner: "Ada Lovelace",
    purpose: "Count the records and report what looks wrong",
    trigger: "cron, every night at 03:00",
    grants: [{ action: "mcp:files/read_*", resource: "**" }],
    tasksPerDay: 2,
    expiresAt: "2026-12-12T09:31:00.000Z",
    device: "build-runner",
    deviceId: "dev_00Gx1M5a0nQ4rZPk7sTeWb",
    enrols: KEY,
  }),
};

export function approvalView(display: ApprovalDisplay, state: ApprovalView["state"] = "pending"): ApprovalView {
  return {
    id: "apr_00Gx2BfW7cRmZt4vLp9DkS",
    state,
    callDigest: "Yp1Zb8oQvVYw5c3rT6yYx5v8bFJrFqzB0lVfZb1tQk9",
    intent: null,
    holds: display.holds,
    display,
    expiresAt: display.expiresAt,
    progress: display.holds.map(({ policyId }) => ({ policyId, approvers: ADA.name, quorum: 1, signed: [] })),
    task: null,
    bound: null,
    notes: [],
    cause: state === "void" ? "the agent's session ended" : null,
    tooFast: false,
  };
}

export function approvalPage(display: ApprovalDisplay, state: ApprovalView["state"] = "pending"): ApprovalPageView {
  return {
    id: "apr_00Gx2BfW7cRmZt4vLp9DkS",
    now: NOW,
    signedIn: ADA,
    approval: approvalView(display, state),
    mayAnswer: true,
    approver: ADA.name,
    outcome:
      state === "pending"
        ? null
        : {
            at: "2026-11-22T09:36:40.000Z",
            by: state === "approved" || state === "denied" ? ADA.name : null,
            cause:
              state === "denied"
                ? "Records are frozen until the audit ends"
                : state === "void"
                  ? "the agent's session ended"
                  : null,
          },
    phoneUrl: null,
  };
}

/** A statement whose effect was found out before it is signed. */
export const effectDisplay: ApprovalDisplay = {
  ...callDisplay,
  sentence:
    "release-bot, run by Ada Lovelace on ada-thinkpad, wants to destroy or overwrite: statement on sql:billing/public.executives",
  action: "sql:billing/destructive",
  resource: "sql:billing/public.executives",
  content: canonicalJson({ sql: "DELETE FROM executives WHERE left_at IS NOT NULL", parameters: [] }),
  preview: {
    sentence: "It was run once and rolled back. Approved, it is kept only if it does exactly this.",
    relations: [
      {
        relation: "public.executives",
        effect: "1,200 rows deleted",
        keys: "id: [1] [2] and 1,198 more",
        digest: KEY,
        filledAtCommit: "",
        unseen: "",
        columns: ["id", "n\u0430me"],
        rows: [
          { when: "before", values: ["1", '"\u202eecarG"'] },
          { when: "before", values: ["2", '"A  b\\n"'] },
        ],
      },
      {
        relation: "public.departures",
        effect: "1 row inserted",
        keys: "",
        digest: KEY,
        filledAtCommit: "id, at",
        unseen: "",
        columns: ["why"],
        rows: [{ when: "after", values: ['""'] }],
      },
    ],
  },
};

const GRACE = { id: "hum_00Gx1NdYc5TfQmWk8rVbJz", name: "Grace Hopper" };
const PHONE_URL = "https://countersign.example/approve/apr_00Gx2BfW7cRmZt4vLp9DkS";

/** A write that may be signed for its task. */
const writeDisplay: ApprovalDisplay = {
  ...callDisplay,
  sentence:
    "release-bot, run by Ada Lovelace on ada-thinkpad, wants to change: write_file on file:/srv/records/notes.md",
  resource: "file:/srv/records/notes.md",
  effect: "write",
  content: canonicalJson({ path: "/srv/records/notes.md", content: "Figures of the third quarter", mode: "append" }),
};

const TASK = { uses: 20, seconds: 900, fixed: ["path"], free: ["content", "mode"] };
const CHOSEN = { uses: 5, seconds: 900, fixed: ["mode", "path"], free: ["content"] };

function withView(page: ApprovalPageView, more: Partial<ApprovalView>): ApprovalPageView {
  return page.approval === null ? page : { ...page, approval: { ...page.approval, ...more } };
}

/** Once or for the task, reachable by a phone, after a denial of the like. */
export const choicePage: ApprovalPageView = withView(
  { ...approvalPage(writeDisplay), phoneUrl: PHONE_URL },
  { task: TASK, notes: ["You denied a call of this tool on this resource, with other arguments, 2 minutes ago."] },
);

const signedBy = (signed: ApprovalView["progress"][number]["signed"]): ApprovalView["progress"] => [
  { policyId: "records-need-two", approvers: "2 people with the role admin", quorum: 2, signed },
];

/** One of two has signed, for the task. */
export const secondPage: ApprovalPageView = withView(approvalPage(writeDisplay), {
  progress: signedBy([GRACE]),
  bound: { ...CHOSEN, used: 0, until: writeDisplay.expiresAt },
});

/** The reader has signed; another must. */
export const waitingPage: ApprovalPageView = {
  ...withView(approvalPage(writeDisplay), { progress: signedBy([ADA]) }),
  mayAnswer: false,
};

/** Signed for the task, faster than it can be read, and partly used. */
export const usedPage: ApprovalPageView = withView(approvalPage(writeDisplay, "approved"), {
  progress: signedBy([GRACE, ADA]),
  bound: { ...CHOSEN, used: 2, until: "2026-11-22T09:51:40.000Z" },
  notes: ["Ada Lovelace signed 0.8 seconds after it was first shown to them: too fast to have been read."],
  tooFast: true,
});

export const longDisplay: ApprovalDisplay = {
  ...callDisplay,
  content: canonicalJson({
    path: "/srv/records/minutes.md",
    content: "One line of the minutes, with what was said.\n".repeat(300),
  }),
};

export const setupView: SetupView = {
  state: "open",
  token: "Jx8wq3uF5tO1Yk2nRzV0aA",
  name: "",
  remedy: { text: "Print a new set-up link.", command: "countersign up" },
  next: [{ text: "Connect your agent, on its machine.", command: "countersign connect" }],
};

export const inviteView: InviteView = {
  state: "open",
  token: "w2uF5tO1Yk2nRzV0aAJx8q",
  roles: ["auditor"],
  remedy: { text: "Ask an administrator for a new one.", command: "countersign human invite" },
};

export const signInView: SignInView = {
  next: "/approve/apr_00Gx2BfW7cRmZt4vLp9DkS",
  signedIn: null,
  phoneUrl: null,
};
