import type { BrakeView, Paged } from "@countersign/api";
import type { StateRecord } from "@countersign/core";
import type { Kernel } from "../kernel.ts";
import { type ListQuery, listed } from "../listing.ts";
import { Names } from "../names.ts";
import type { Brakes } from "./brakes.ts";

type Brake = StateRecord<"brake">;

/** One page of stops with the names of who stopped what, and how far each is. */
export async function brakePage(
  kernel: Kernel,
  brakes: Brakes,
  { state, ...query }: ListQuery & { readonly state: "active" | "all" },
): Promise<Paged & { readonly brakes: readonly BrakeView[] }> {
  const where = state === "active" ? { status: "active" } : {};
  const { records, next } = await listed(kernel, "brake", { where, query });
  const around = { brakes, names: new Names(kernel), thaws: await openThaws(kernel) };
  return { brakes: await Promise.all(records.map(async (brake) => await viewOf(kernel, brake, around))), next };
}

interface Around {
  readonly brakes: Brakes;
  readonly names: Names;
  /** Ids of the approvals that would lift a brake, by the id of the brake. */
  readonly thaws: ReadonlyMap<string, string>;
}

async function openThaws({ store, now }: Kernel): Promise<ReadonlyMap<string, string>> {
  const pending = await store.find("approval", { status: "pending" });
  const open = pending.filter(({ terms }) => terms.change === "brake.thaw" && Date.parse(terms.expiresAt) > now());
  return new Map(open.map(({ id, terms }) => [terms.resource, id]));
}

async function viewOf(kernel: Kernel, { id, terms, state }: Brake, around: Around): Promise<BrakeView> {
  const { kind, scope, reason, by, at } = terms;
  const settled = await around.brakes.state(id);
  const stopped = "signature" in settled;
  return {
    id,
    kind,
    scope,
    scopeName: await around.names.of(scope.value),
    reason: typeof reason === "string" ? reason : await kernel.keys.openText(reason),
    by,
    byName: await around.names.of(by),
    at,
    state: state.status,
    progress: stopped ? "stopped" : "stopping",
    points: settled.points,
    settledAt: stopped ? settled.settledAt : null,
    leasesEndAt: stopped ? null : settled.leasesEndAt,
    thawApproval: around.thaws.get(id) ?? null,
  };
}
