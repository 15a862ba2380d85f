import { isJsonObject, type JsonObject } from "@countersign/core";
import { nameOf, shown } from "../client/fields.ts";
import { inWords } from "../output/durations.ts";
import type { ChainFacts } from "./chain-facts.ts";

/** One link of the chain. `idle`: not there now, and comes by itself when it is needed. */
export interface ChainLink {
  readonly name: "server" | "human" | "device" | "agent" | "task" | "gateway" | "brake";
  readonly state: "ok" | "idle" | "broken";
  readonly text: string;
  /** The command, or act, that repairs it; null while nothing is broken. */
  readonly repair: string | null;
}
type Name = ChainLink["name"];

/** The chain in its order (design 3): whoever wants to act needs all of it. `program`: how this program is called here. */
export function chainLinks(facts: ChainFacts, program: string): readonly ChainLink[] {
  const { server, unreachable } = facts;
  if (unreachable !== null) return [broken("server", unreachable, `${program} up`)];
  return [
    ok("server", server),
    human(facts, program),
    device(facts, program),
    agent(facts, program),
    task(facts, program),
    gateway(facts, program),
    ...brakes(facts, program),
  ];
}

function human({ session, sessionFault, installation, now }: ChainFacts, program: string): ChainLink {
  if (session !== null)
    return ok("human", `${session.human.name}, signed in for ${inWords(Date.parse(session.expiresAt) - now)}`);
  if (installation?.setUp === false)
    return broken("human", "nobody is registered yet", `open the set-up link that \`${program} up\` shows`);
  return broken("human", sessionFault ?? "nobody is signed in on this machine", `${program} login`);
}

function device({ session, device: record, installation }: ChainFacts, program: string): ChainLink {
  if (session === null) return broken("device", "known once somebody has signed in here", `${program} login`);
  if (installation === null || record === null)
    return broken("device", `${session.device.name} is not enrolled any more`, `${program} enroll`);
  if (record["status"] !== "active")
    return broken("device", `${nameOf(record)} is ${shown(record["status"])}`, `${program} enroll`);
  const posture = record["posture"];
  const level = isJsonObject(posture) ? posture["level"] : null;
  if (level !== null) return ok("device", `${nameOf(record)}, level ${shown(level)}`);
  const missing =
    isJsonObject(posture) && Array.isArray(posture["missing"]) ? (posture["missing"] as readonly JsonObject[]) : [];
  return broken(
    "device",
    `${nameOf(record)} does not reach the level \`enrolled\``,
    shown(missing[0]?.["remedy"] ?? `${program} device list`),
  );
}

function agent({ agents, upstreams }: ChainFacts, program: string): ChainLink {
  if (agents.length > 0) return ok("agent", agents.map((one) => nameOf(one)).join(", "));
  const upstream = upstreams[0] === undefined ? "SERVER" : nameOf(upstreams[0]);
  return broken(
    "agent",
    "none is registered",
    `${program} agent create NAME --purpose TEXT --grant 'mcp:${upstream}/*@**' --expires 30d`,
  );
}

function task({ tasks, agents, upstreams }: ChainFacts, program: string): ChainLink {
  if (tasks.length > 0)
    return ok("task", `${String(tasks.length)} live: ${tasks.map(({ purpose }) => shown(purpose)).join(", ")}`);
  const upstream = upstreams[0] === undefined ? "SERVER" : nameOf(upstreams[0]);
  const name = agents[0] === undefined ? "NAME" : nameOf(agents[0]);
  return {
    name: "task",
    state: "idle",
    text: `none live: \`${program} mcp ${upstream} --agent ${name}\` opens one`,
    repair: null,
  };
}

function gateway({ installation }: ChainFacts, program: string): ChainLink {
  const address = installation?.gateway ?? "gateway";
  if (installation === null)
    return { name: "gateway", state: "idle", text: "seen once somebody has signed in here", repair: null };
  if (installation.leaseValid) return ok("gateway", `${address}, lease valid`);
  return broken("gateway", `${address}: its lease is lost, so it denies everything`, `${program} doctor`);
}

function brakes({ installation }: ChainFacts, program: string): readonly ChainLink[] {
  return (installation?.brakes ?? []).map((brake) => {
    const scope = isJsonObject(brake["scope"]) ? brake["scope"] : {};
    const what = scope["type"] === "all" ? "everything" : `${shown(scope["type"])} ${shown(scope["value"])}`;
    return broken(
      "brake",
      `${shown(brake["kind"])} of ${what} since ${shown(brake["at"])}`,
      `${program} thaw ${shown(brake["id"])}`,
    );
  });
}

function ok(name: Name, text: string): ChainLink {
  return { name, state: "ok", text, repair: null };
}

function broken(name: Name, text: string, repair: string): ChainLink {
  return { name, state: "broken", text, repair };
}
