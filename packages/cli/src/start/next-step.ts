import type { Installation } from "./installation.ts";

/** What a person does next to get to a governed call. */
export interface NextStep {
  readonly why: string;
  readonly command: string;
}
export interface Situation {
  readonly installation: Installation;
  /** Somebody is signed in on this machine. */
  readonly signedIn: boolean;
  /** Name of an active agent, or null. */
  readonly agent: string | null;
  /** Name of an upstream, or null. */
  readonly upstream: string | null;
  /** Id of a client found here that is not connected yet, or null. */
  readonly client: string | null;
  /** Name of a client of this machine that goes through Countersign, or null. */
  readonly connected: string | null;
  /** How the program is called here. */
  readonly program: string;
  /** The address, when commands would not find it by themselves. */
  readonly server: string | null;
}

/** The first step that is still missing, in the order in which the chain is built. */
export function nextStep(situation: Situation): NextStep {
  const { installation, signedIn, agent, upstream, client, program, server } = situation;
  const at = server === null ? "" : ` --server ${server}`;
  if (!installation.setUp) {
    return {
      why: "open the set-up link and make the first passkey, then connect your agent",
      command: `${program} connect${client === null ? "" : ` ${client}`}${at}`,
    };
  }
  const [change] = installation.pendingChanges;
  if (change !== undefined) return { why: `sign what waits: ${change.what}`, command: `${program} approvals list` };
  if (client !== null && (agent === null || upstream === null))
    return { why: "connect your agent: one page, one passkey", command: `${program} connect ${client}${at}` };
  if (!signedIn) return { why: "sign in on this machine", command: `${program} login${at}` };
  if (upstream === null) return { why: "guard a server", command: `${program} upstream add NAME -- CMD` };
  if (agent === null) {
    const grant = `'mcp:${upstream}/*@**'`;
    return {
      why: "register an agent",
      command: `${program} agent create NAME --purpose TEXT --grant ${grant} --expires 30d`,
    };
  }
  if (situation.connected !== null)
    return {
      why: `use ${situation.connected}, and watch it in the console`,
      command: `${program} status`,
    };
  return { why: "let an MCP client start this as its server", command: `${program} mcp ${upstream} --agent ${agent}` };
}
