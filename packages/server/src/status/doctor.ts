import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Kernel } from "../kernel.ts";
import { sameUserAgents } from "./same-user.ts";
import type { StatusSource } from "./status.ts";
import { findZombies } from "./zombies.ts";

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do about it. */
  readonly next?: string;
}

/** Looks at everything that should always hold, and says where it does not. */
export async function examine(kernel: Kernel, source: StatusSource): Promise<readonly Check[]> {
  const checks = await Promise.all([
    leases(source),
    zombies(kernel),
    upstreamPins(kernel),
    folder(source),
    agentsBeside(kernel),
    spools(kernel),
    ...source.checks().map(async (check) => await check()),
  ]);
  return checks.flat();
}

async function leases(source: StatusSource): Promise<Check> {
  const lost = source.leases().filter((l) => !l.valid);
  const ok = lost.length === 0;
  return await Promise.resolve({
    name: "leases",
    ok,
    detail: ok ? "every enforcement point holds its lease" : `no lease: ${lost.map((l) => l.name).join(", ")}`,
    ...(ok ? {} : { next: "look at the log; a point without a lease denies everything" }),
  });
}

async function zombies(kernel: Kernel): Promise<Check> {
  const found = await findZombies(kernel);
  const ok = found.length === 0;
  return {
    name: "zombies",
    ok,
    detail: ok
      ? "nothing live has a dead link behind it"
      : found.map((z) => `${z.kind} ${z.id}: ${z.because}`).join("; "),
    ...(ok ? {} : { next: "sever these tasks" }),
  };
}

async function upstreamPins(kernel: Kernel): Promise<Check> {
  const active = await kernel.store.find("upstream", { status: "active" });
  const open = active.filter((u) => u.terms.pins === null).map((u) => u.id);
  const ok = open.length === 0;
  const detail = ok
    ? `${String(active.length)} upstream${active.length === 1 ? "" : "s"} with accepted tool definitions`
    : `no accepted definitions: ${open.join(", ")}`;
  return {
    name: "upstreams",
    ok,
    detail,
    ...(ok ? {} : { next: "start the upstream, restart, and sign the definitions" }),
  };
}

async function folder({ dataDir }: StatusSource): Promise<Check> {
  const modes = await Promise.all(
    [dataDir, join(dataDir, "control.sock")].map(async (path) => ({ path, mode: (await stat(path)).mode & 0o077 })),
  );
  const open = modes.filter((m) => m.mode !== 0).map((m) => m.path);
  const ok = open.length === 0;
  return {
    name: "data directory",
    ok,
    detail: ok ? "only its owner can read it" : `others can reach ${open.join(", ")}`,
    ...(ok ? {} : { next: "chmod 700 the data directory" }),
  };
}

async function agentsBeside(kernel: Kernel): Promise<Check> {
  const found = await sameUserAgents(kernel);
  const ok = found.length === 0;
  return {
    name: "user",
    ok,
    detail: ok
      ? "no agent was seen under this user"
      : `agents run under the user of the control plane: ${found.join(", ")}`,
    ...(ok
      ? {}
      : {
          next: "run the control plane under a user of its own: an agent that shares it can stop it and read its files",
        }),
  };
}

/** Spools of points on other machines of which nothing more is merged. */
export async function spools({ store }: Pick<Kernel, "store">): Promise<Check> {
  const stopped = await store.find("spool", { status: "stopped" });
  const ok = stopped.length === 0;
  return {
    name: "spools",
    ok,
    detail: ok
      ? "every spool of a gateway continues what was merged of it"
      : `not merged any more: ${stopped.map(({ id, state }) => `${id} (${state.cause ?? "unknown"})`).join(", ")}`,
    ...(ok
      ? {}
      : { next: "look at the `detection` entry; keep that gateway's data directory, remove it and join it anew" }),
  };
}
