import { AppError, type HumanId, type StateRecord } from "@countersign/core";
import { type Kernel, versionNow } from "../kernel.ts";
import type { Commit } from "../store/index.ts";

/** Everything that rests on one person, at one version. */
export interface Everything {
  readonly human: StateRecord<"human">;
  /** Those that have an owner to lose. */
  readonly agents: readonly StateRecord<"agent">[];
  readonly tasks: readonly StateRecord<"task">[];
  readonly mandates: readonly StateRecord<"mandate">[];
  readonly sessions: readonly StateRecord<"session">[];
  readonly passkeys: readonly StateRecord<"passkey">[];
  readonly devices: readonly StateRecord<"device">[];
  readonly approvals: readonly StateRecord<"approval">[];
  readonly invites: readonly StateRecord<"invite">[];
  /** INV-8: refuses the commit when any of these lists is not whole any more. */
  readonly unchanged: NonNullable<Commit["unchanged"]>;
}

/** States out of which each kind of a person's things is taken. */
const LIVE = {
  agent: ["active", "suspended"],
  task: ["live"],
  mandate: ["active"],
  session: ["active"],
  passkey: ["active", "pending"],
  device: ["active"],
  approval: ["pending", "approved"],
} as const;
type Owned = keyof typeof LIVE;

/** @throws AppError `request.not_found` */
export async function everythingOf(kernel: Kernel, id: HumanId): Promise<Everything> {
  const { store } = kernel;
  // First the version: what comes after it refuses the commit.
  const since = await versionNow(kernel);
  const all = async <K extends Owned>(kind: K): Promise<readonly StateRecord<K>[]> =>
    (await Promise.all(LIVE[kind].map(async (status) => await store.find(kind, { owner: id, status })))).flat();
  const [human, agents, tasks, mandates, sessions, passkeys, devices, approvals, invites] = await Promise.all([
    store.get("human", id),
    all("agent"),
    all("task"),
    all("mandate"),
    all("session"),
    all("passkey"),
    all("device"),
    all("approval"),
    store.find("invite", { status: "open" }),
  ]);
  if (human === null) throw new AppError("request.not_found", { detail: `there is no human \`${id.slice(0, 40)}\`` });
  const lists = Object.entries(LIVE).flatMap(([kind, states]) =>
    states.map((status) => ({ kind: kind as Owned, status, owner: id, since })),
  );
  return {
    human,
    agents,
    tasks,
    mandates,
    sessions,
    passkeys,
    devices,
    approvals,
    invites: invites.filter(({ terms }) => terms.by === id),
    unchanged: [...lists, { kind: "invite", status: "open", since }, ...lastAdminTest(human, since)],
  };
}

/** Two administrators who are off-boarded at the same time: the second sees that the first has gone. */
function lastAdminTest({ terms }: StateRecord<"human">, since: number): NonNullable<Commit["unchanged"]> {
  return terms.roles.includes("admin") ? [{ kind: "human", status: "inactive", since }] : [];
}
