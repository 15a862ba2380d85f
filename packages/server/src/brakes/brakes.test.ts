import { createPublicKey, verify } from "node:crypto";
import { type Json, type PointId, canonicalBytes, newId } from "@countersign/core";
import type { Acknowledgement, Snapshot } from "@countersign/enforce";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifies } from "../../../../e2e/support/invariants.ts";
import { postAcknowledgements } from "../confirmations/index.ts";
import { type Kernel, startChange } from "../kernel.ts";
import type { ConnectedPoint } from "../points/index.ts";
import type { Put } from "../store/index.ts";
import { type TestKernel, random, testKernel } from "../testing/test-kernel.ts";
import { Brakes } from "./brakes.ts";
import { type Receipt, settlementOf, storeReceipt, storedReceipt } from "./receipt.ts";
import { stopCommit } from "./stop-commit.ts";

const ALL = { kind: "freeze", scope: { type: "all", value: "*" }, reason: "code freeze", by: "local" } as const;
const INTENT = newId("int", 0, random);

/** A point that answers when it is told to, and remembers what it was told. */
class StandIn implements ConnectedPoint {
  readonly id: PointId = newId("ep", Date.now(), random);
  readonly name: string;
  readonly lease = { valid: () => true, silentMs: () => 0 };
  readonly pushed: Snapshot[] = [];
  applied = 0;
  answers: "at once" | "never" | "broken" = "at once";

  constructor(name: string) {
    this.name = name;
  }

  async push(change: Snapshot): Promise<Acknowledgement> {
    this.pushed.push(change);
    if (this.answers === "broken") throw new Error("the link broke");
    if (this.answers === "never") return await new Promise(() => undefined);
    this.applied = Math.max(this.applied, change.version);
    const { id: point, name, applied: version } = this;
    return {
      point,
      name,
      generation: change.generation,
      version,
      inFlight: [{ intent: INTENT, disposition: "unknown" }],
    };
  }

  record(status: "active" | "leaving" | "away" = "active"): Put {
    return {
      kind: "point",
      id: this.id,
      terms: { name: this.name, place: "joined", joinedAt: new Date().toISOString(), jkt: null },
      state: { status, instance: null, url: null },
      authority: null,
    };
  }
}

/** A point that is connected to this server, and is told of changes. */
function joined({ points }: Kernel, point: StandIn): void {
  points.connect(point);
  points.begin(point.id, []);
}

describe("the receipt of a stop", () => {
  let here: TestKernel;
  let kernel: Kernel;
  let brakes: Brakes;
  const on = (own: Kernel): Brakes =>
    new Brakes(own, () => {
      throw new Error("no approvals here");
    });
  const stand = async (
    name: string,
    place: Kernel | null,
    status: "active" | "leaving" | "away" = "active",
  ): Promise<StandIn> => {
    const point = new StandIn(name);
    await here.put(point.record(status));
    if (place !== null) joined(place, point);
    return point;
  };
  /** Leases that outlive any test: what is settled before they end was not settled by their end. */
  const renewSettings = async (): Promise<void> => {
    await here.close();
    here = await testKernel({ lease: { seconds: 600, renewSeconds: 1, marginMs: 100 } });
    ({ kernel } = here);
    brakes = on(kernel);
  };
  const pointsOf = ({ points }: Pick<Receipt, "points">): object =>
    Object.fromEntries(points.map(({ name, how }) => [name, how]));

  beforeEach(async () => {
    here = await testKernel();
    ({ kernel } = here);
    brakes = on(kernel);
  });
  afterEach(async () => await here.close());

  it("names every point that may hold a lease, connected here or not, and no other", verifies("INV-3"), async () => {
    await stand("here", kernel);
    const cutOff = await stand("cut off", null);
    await stand("leaving", null, "leaving");
    await stand("away", null, "away");
    const began = performance.now();
    const receipt = await brakes.stop(ALL);
    expect(pointsOf(receipt)).toEqual({ here: "acknowledged", "cut off": "lease_expired", leaving: "lease_expired" });
    // Lease 1 s and margin 100 ms: earlier nothing can be said of a point that is silent.
    expect(performance.now() - began).toBeGreaterThanOrEqual(1100);
    expect(receipt.points.find(({ id }) => id === cutOff.id)?.inFlight).toEqual([]);
    const { signature, ...signed } = receipt;
    const key = createPublicKey({ key: kernel.keys.receipts.jwk as never, format: "jwk" });
    expect(verify(null, canonicalBytes(signed), key, Buffer.from(signature, "base64url"))).toBe(true);
    expect(await storedReceipt(kernel, receipt.brake)).toEqual(receipt);
  });

  it("takes at once what points of another server told there", verifies("INV-3"), async () => {
    await renewSettings();
    const other = here.beside();
    const far = await stand("far", null);
    const { id, receipt } = await brakes.begin(ALL);
    const brake = await kernel.store.get("brake", id);
    if (brake === null) throw new Error("no brake");
    expect(await brakes.state(id)).toMatchObject({ state: "stopping", points: [{ name: "far", how: null, at: null }] });
    joined(other, far);
    const change = { generation: kernel.store.generation, version: brake.version, records: [brake] };
    await postAcknowledgements(other, change.records, { pushed: other.points.publish(change), untold: [] });
    const settled = await receipt;
    expect(settled.points).toEqual([
      {
        id: far.id,
        name: "far",
        how: "acknowledged",
        at: expect.any(String),
        inFlight: [{ intent: INTENT, disposition: "unknown" }],
      },
    ]);
  });

  it.each([
    ["without a mark", (item: object): Json => ({ ...item, mac: "" })],
    ["changed", (item: object): Json => ({ ...item, inFlight: [] })],
    ["that is none", (): Json => "ack"],
  ])("does not believe a word on the board %s", verifies("INV-3"), async (_name, forge) => {
    const far = await stand("far", null);
    const { id, receipt } = await brakes.begin(ALL);
    const brake = await kernel.store.get("brake", id);
    const topic = `ack/${String(brake?.version)}`;
    const { generation } = kernel.store;
    const pushed = [kernel.points.tell(far, { generation, version: brake?.version ?? 0, records: [] })];
    await postAcknowledgements(kernel, [brake as never], { pushed, untold: [] });
    const [posted] = await kernel.store.board.read(topic);
    await kernel.store.board.post(topic, [{ key: posted?.key ?? "", value: forge(posted?.value as object) }], 60_000);
    expect(pointsOf(await receipt)).toEqual({ far: "lease_expired" });
  });

  it(
    "does not take the word of one point for that of another, nor for another version",
    verifies("INV-3"),
    async () => {
      const [near, far] = [await stand("near", null), await stand("far", null)];
      const before = await brakes.begin(ALL);
      const { id, receipt } = await brakes.begin(ALL);
      const versions = await Promise.all(
        [before.id, id].map(async (one) => (await kernel.store.get("brake", one))?.version ?? 0),
      );
      const { generation } = kernel.store;
      const first = await kernel.store.get("brake", before.id);
      const pushed = [kernel.points.tell(near, { generation, version: versions[0] ?? 0, records: [] })];
      await postAcknowledgements(kernel, [first as never], { pushed, untold: [] });
      const [posted] = await kernel.store.board.read(`ack/${String(versions[0])}`);
      const value = posted?.value ?? null;
      await kernel.store.board.post(`ack/${String(versions[0])}`, [{ key: `${far.id}/0`, value }], 60_000);
      await kernel.store.board.post(
        `ack/${String(versions[1])}`,
        [
          { key: `${near.id}/0`, value },
          { key: `${far.id}/0`, value },
        ],
        60_000,
      );
      expect(pointsOf(await before.receipt)).toEqual({ near: "acknowledged", far: "lease_expired" });
      expect(pointsOf(await receipt)).toEqual({ near: "lease_expired", far: "lease_expired" });
    },
  );

  it("waits for a point that answers an older version, and asks it again", verifies("INV-3"), async () => {
    const behind = await stand("behind", kernel);
    const push = behind.push.bind(behind);
    let asked = 0;
    behind.push = async (change) => {
      asked += 1;
      const answer = await push(change);
      return asked === 1 ? { ...answer, version: change.version - 1 } : answer;
    };
    const receipt = await brakes.stop(ALL);
    expect(pointsOf(receipt)).toEqual({ behind: "acknowledged" });
    expect(behind.pushed.map(({ version }) => version)).toEqual([receipt.version, receipt.version]);
  });

  it(
    "is not held up by a point that gives up its lease meanwhile, nor by one that joins",
    verifies("INV-3"),
    async () => {
      const leaves = await stand("leaves", null);
      const { receipt } = await brakes.begin(ALL);
      await here.put(leaves.record("away"));
      const settled = await receipt;
      expect(pointsOf(settled)).toEqual({ leaves: "lease_expired" });
      expect(Date.parse(settled.settledAt) - Date.parse(settled.requestedAt)).toBeLessThan(1000);
      await stand("joins", null);
    },
  );

  it("comes also when a link breaks, and when nobody waits for it", verifies("INV-3"), async () => {
    const broken = await stand("broken", kernel);
    broken.answers = "broken";
    const { id } = await brakes.begin(ALL);
    await expect
      .poll(async () => await brakes.state(id), { timeout: 3000 })
      .toMatchObject({
        state: "stopped",
        points: [{ name: "broken", how: "lease_expired" }],
      });
  });

  it("is made by any server when the one that took the stop has died", verifies("INV-3"), async () => {
    const mine = await stand("mine", null);
    await stand("gone", null);
    const left = await stand("left", null);
    // What a server leaves behind that dies after the commit: the stop, and nobody who waits for it.
    const { id, at } = brakes.next();
    const commit = await stopCommit(kernel, { id, request: ALL, at }, { owner: null });
    const { version, indexes } = await startChange(kernel, commit);
    await here.put(left.record("away"));
    const other = here.beside();
    mine.applied = version + 1;
    joined(other, mine);
    const later = on(other);
    await later.sweep();
    expect(await later.state(id)).toMatchObject({ state: "stopping" });
    await expect.poll(async () => (await later.state(id)).state, { timeout: 6000 }).toBe("stopped");
    const receipt = (await later.state(id)) as Receipt;
    expect(pointsOf(receipt)).toEqual({ mine: "acknowledged", gone: "lease_expired", left: "lease_expired" });
    expect(receipt).toMatchObject({ version, entryIndex: indexes[0], requestedAt: new Date(at).toISOString() });
    expect(await brakes.state(id)).toEqual(receipt);
  });

  it("is one, whoever makes it: its entry is taken once", verifies("INV-3"), async () => {
    const first = await brakes.stop(ALL);
    const brake = await kernel.store.get("brake", first.brake);
    if (brake === null) throw new Error("no brake");
    const again = await storeReceipt(here.beside(), {
      brake,
      generation: 1,
      version: brake.version,
      entryIndex: 0,
      points: [{ id: newId("ep", 0, random), name: "other", how: "acknowledged", at: "", inFlight: [] }],
    });
    expect(again).toEqual(first);
    const entries = await kernel.store.entries({ kind: "brake", limit: 100 });
    expect(entries.filter(({ body }) => (body as { id: string }).id === settlementOf(brake))).toHaveLength(1);
  });

  it("does not fail because the key of the person whom it is about was erased", verifies("INV-3"), async () => {
    await stand("here", kernel);
    const id = newId("hum", Date.now(), random);
    const terms = { roles: [], name: { person: id, box: "" } };
    await here.put({ kind: "human", id, terms, state: { status: "active" }, authority: "genesis" });
    const receipt = await brakes.stop({ ...ALL, scope: { type: "owner", value: id } });
    expect(receipt).toMatchObject({ state: "stopped", points: [{ how: "acknowledged" }] });
    expect((await kernel.store.get("brake", receipt.brake))?.terms.reason).toBe("(not kept)");
  });

  it("is not promised for a scope that names nothing", async () => {
    await expect(brakes.begin({ ...ALL, scope: { type: "agent", value: "agt_none" } })).rejects.toMatchObject({
      code: "brake.unknown_scope",
    });
  });
});
