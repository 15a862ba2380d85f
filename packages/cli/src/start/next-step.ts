import type { Installation } from "./installation.ts";

/** What a person does next to get to a governed call. */
export interface NextStep {
  readonly why: string;
  /** Null when the next step is not a command. */
  readonly command: string | null;
}
export interface Situation {
  readonly installation: Installation;
  /** Somebody is signed in on this machine. */
  readonly signedIn: boolean;
  /** Name of an active agent, or null. */
  readonly agent: string | null;
  /** Name of an upstream, or null. */
  readonly upstream: string | null;
  /** How the program is called here. */
  readonly program: string;
  /** The address, when commands would not find it by themselves. */
  readonly server: string | null;
}

/** The first step that is still missing, in the order in which the chain is built. */
export function nextStep({ installation, signedIn, agent, upstream, program, server }: Situation): NextStep {
  if (!installation.setUp) return { why: "open the set-up link and make the first passkey", command: null };
  const [change] = installation.pendingChanges;
  if (change !== undefined) return { why: `sign what waits: ${change.what}`, command: `${program} approvals list` };
  if (!signedIn)
    return {
      why: "sign in on this machine",
      command: `${program} login${server === null ? "" : ` --server ${server}`}`,
    };
  if (upstream === null)
    return { why: "name a server under `upstreams` in countersign.yaml, then start again", command: null };
  if (agent === null) {
    const grant = `'mcp:${upstream}/*@**'`;
    return {
      why: "register an agent",
      command: `${program} agent create NAME --purpose TEXT --grant ${grant} --expires 30d`,
    };
  }
  return { why: "let an MCP client start this as its server", command: `${program} mcp ${upstream} --agent ${agent}` };
}
