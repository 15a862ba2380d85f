import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Kernel } from "../kernel.ts";
import { type Check, failed, passed, warned } from "../check.ts";
import { clocks, generations, leases, versions } from "./point-checks.ts";
import { sameUserAgents } from "./same-user.ts";
import type { StatusSource } from "./status.ts";
import { findZombies } from "./zombies.ts";

const YEAR_MS = 365 * 86_400_000;

/** Looks at everything that should always hold, and says where it does not. */
export async function examine(kernel: Kernel, source: StatusSource): Promise<readonly Check[]> {
  const asked = await source.points.lastAsked();
  const points = source.points.standings();
  const { generation } = await kernel.store.head();
  const ofPoints = [
    leases(points),
    versions(points, asked),
    generations({ points, asked, generation }),
    clocks(points, asked),
  ];
  const checks = await Promise.all([
    zombies(kernel),
    upstreamPins(kernel),
    folder(source),
    agentsBeside(kernel),
    spools(kernel),
    authority(kernel, source),
    ...source.checks().map(async (check) => await check()),
  ]);
  return [...ofPoints, ...checks.flat()];
}

async function zombies(kernel: Kernel): Promise<Check> {
  const found = await findZombies(kernel);
  if (found.length === 0) return passed("zombies", "nothing live has a dead link behind it");
  const named = found.map(({ kind, id, because }) => `${kind} ${id}: ${because}`);
  return failed("zombies", named.join("; "), "sever these tasks");
}

async function upstreamPins(kernel: Kernel): Promise<Check> {
  const active = await kernel.store.find("upstream", { status: "active" });
  const open = active.filter(({ terms }) => terms.kind === "mcp" && terms.pins === null).map(({ id }) => id);
  if (open.length === 0)
    return passed(
      "upstreams",
      `${String(active.length)} upstream${active.length === 1 ? "" : "s"} with accepted tool definitions`,
    );
  return failed(
    "upstreams",
    `no accepted definitions: ${open.join(", ")}`,
    "start the upstream, restart, and sign the definitions",
  );
}

async function folder({ dataDir }: StatusSource): Promise<Check> {
  const modes = await Promise.all(
    [dataDir, join(dataDir, "control.sock")].map(async (path) => ({ path, mode: (await stat(path)).mode & 0o077 })),
  );
  const open = modes.filter((m) => m.mode !== 0).map((m) => m.path);
  if (open.length === 0) return passed("data directory", "only its owner can read it");
  return failed("data directory", `others can reach ${open.join(", ")}`, "chmod 700 the data directory");
}

async function agentsBeside(kernel: Kernel): Promise<Check> {
  const found = await sameUserAgents(kernel);
  if (found.length === 0) return passed("user", "no agent was seen under this user");
  return warned(
    "user",
    `agents run under the user of the control plane: ${found.join(", ")}`,
    "run the control plane under a user of its own: an agent that shares it can stop it and read its files",
  );
}

/** Spools of points on other machines of which nothing more is merged. */
export async function spools({ store }: Pick<Kernel, "store">): Promise<Check> {
  const stopped = await store.find("spool", { status: "stopped" });
  if (stopped.length === 0) return passed("spools", "every spool of a gateway continues what was merged of it");
  return failed(
    "spools",
    `not merged any more: ${stopped.map(({ id, state }) => `${id} (${state.cause ?? "unknown"})`).join(", ")}`,
    "look at the `detection` entry; keep that gateway's data directory, remove it and join it anew",
  );
}

/** When the certificate that all gateways trust ends. */
async function authority({ now }: Kernel, source: StatusSource): Promise<Check> {
  const name = "authority";
  const notAfter = Math.max(...source.authority.authorities.map((one) => one.notAfter));
  const day = new Date(notAfter).toISOString().slice(0, 10);
  const next = "plan a new installation before that day: nothing replaces an authority yet";
  if (notAfter <= now()) return failed(name, `the certificate of the installation's authority ended on ${day}`, next);
  if (notAfter - now() < YEAR_MS)
    return warned(name, `the certificate of the installation's authority ends on ${day}`, next);
  return await Promise.resolve(passed(name, `the certificate of the installation's authority lasts until ${day}`));
}
