import { type Chain, type PointId, type TaskId, newId } from "@countersign/core";
import type { Hello, RemoteControlPlane } from "@countersign/enforce";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifies } from "../../../../../e2e/support/invariants.ts";
import { named, serverEntry } from "../../kernel.ts";
import type { Put } from "../../store/index.ts";
import { ServedPoints } from "../served-points.ts";
import { type ChainFixture, brakeOn, chain, person, signedBy } from "../testing/told-point.ts";
import { type JoinedPoint, LinkBench, hello, random } from "./testing/link-bench.ts";

let bench: LinkBench;
let edge: JoinedPoint;
let served: ServedPoints;
let remote: RemoteControlPlane;
const [alice, bob] = [person(), person()];
let mine: ChainFixture;
let theirs: ChainFixture;

const FORBIDDEN = { code: "request.forbidden" };
const chainOf = ({ human, device, agent, task }: ChainFixture): Chain => ({ human, device, agent, task });
const put = async (...puts: readonly Put[]): Promise<void> => {
  const { kernel } = bench.identities.get();
  await kernel.store.commit({
    put: puts,
    entries: [serverEntry(kernel, "admin", { action: "test", changes: named(puts) })],
  });
};
/** A task whose credentials are for these gateways alone. */
const boundTo = (on: ChainFixture, ...gateways: readonly PointId[]): Put => {
  const task = on.taskPut("live");
  return { ...task, state: { ...task.state, gateways } } as Put;
};
const intent = (of: ChainFixture) =>
  ({
    ...bench.entry(),
    kind: "action.intent",
    effect: "write",
    intent: newId("int", 1, random),
    chain: chainOf(of),
  }) as const;
const asked = (): string[] => bench.control.asked.map(({ call }) => call).filter((call) => call !== "join");

beforeEach(async () => {
  bench = new LinkBench();
  bench.lease = { seconds: 600, marginMs: 500 };
  await bench.open();
  const { kernel } = bench.identities.get();
  served = new ServedPoints(kernel, () => performance.now());
  await served.begin();
  [mine, theirs] = [chain(alice.id, signedBy(bob)), chain(bob.id, signedBy(bob))];
  await put(...alice.puts, ...bob.puts, ...mine.puts, ...theirs.puts);
  edge = await bench.join("edge");
  await served.sweep();
  bench.control.answers.set("join", async (said) => await served.join(said as Hello));
  bench.control.answers.set("learn", async (point, task) => await served.learn(point as PointId, task as TaskId));
  bench.control.answers.set("forget", (point, tasks) => served.forget(point as PointId, tasks as readonly TaskId[]));
  remote = bench.remote(edge);
  await remote.join(hello(edge.point));
  await remote.learn(edge.point, mine.task);
  bench.control.asked.length = 0;
});
afterEach(async () => await bench.close());

/** Everything by which a task is read, stopped, kept alive or spoken for. */
const calls: readonly (readonly [string, (of: ChainFixture) => Promise<unknown>])[] = [
  ["heldCall", async (of) => await remote.heldCall(newId("apr", 1, random), chainOf(of))],
  ["denial", async (of) => await remote.denial(newId("apr", 1, random), chainOf(of))],
  ["record", async (of) => await remote.record({ point: edge.point, entries: [intent(of)] })],
];

describe("a gateway speaks for the tasks that it serves", () => {
  it.each(calls)("%s: of its own, and of no other", verifies("INV-11"), async (name, call) => {
    await call(mine);
    await expect(call(theirs)).rejects.toMatchObject(FORBIDDEN);
    await remote.forget(edge.point, [mine.task]);
    await expect(call(mine)).rejects.toMatchObject(FORBIDDEN);
    expect(asked()).toEqual([name, "forget"]);
  });

  it("also of those that it brings along when it joins again", async () => {
    const again = bench.remote(edge);
    await again.join(hello(edge.point, { tasks: [theirs.task] }));
    expect(await again.heldCall(newId("apr", 1, random), chainOf(theirs))).toBeNull();
    await expect(again.heldCall(newId("apr", 1, random), chainOf(mine))).rejects.toMatchObject(FORBIDDEN);
  });

  it("severs its own for a stop that is in force on it, and nothing else", async () => {
    const [all, other] = [newId("brk", 1, random), newId("brk", 2, random)];
    await put(brakeOn("all", "*")(all), brakeOn("agent", theirs.agent)(other));
    await remote.severTask(chainOf(mine), all);
    expect(asked()).toEqual(["severTask"]);
    for (const [of, brake] of [
      [theirs, all],
      [mine, other],
      [mine, newId("brk", 3, random)],
    ] as const)
      await expect(remote.severTask(chainOf(of), brake)).rejects.toMatchObject(FORBIDDEN);
    await put(brakeOn("all", "*", signedBy(bob))(all));
    await expect(remote.severTask(chainOf(mine), all)).rejects.toMatchObject(FORBIDDEN);
    expect(asked()).toEqual(["severTask"]);
  });

  it("is told why they were stopped, and not why others were", async () => {
    const [own, other] = [newId("brk", 1, random), newId("brk", 2, random)];
    await put(brakeOn("owner", alice.id)(own), brakeOn("owner", bob.id)(other));
    expect(await remote.brakeReason(own)).toBe("because");
    expect(await remote.brakeReason(other)).toBeNull();
  });

  it("says of others only that it refused their credentials, and how its own actions ended", async () => {
    const refusal = { ...bench.entry(), chain: chainOf(theirs) };
    const deny = { result: "deny", step: "task", code: "task.unknown", policyIds: [], policySetHash: "" } as const;
    const said = async (entry: object): Promise<unknown> =>
      await remote.record({ point: edge.point, entries: [{ ...refusal, ...entry }] as never });
    await said({ decision: deny });
    await expect(said({})).rejects.toMatchObject(FORBIDDEN);
    await expect(said({ decision: { ...deny, result: "permit" } })).rejects.toMatchObject(FORBIDDEN);
    await expect(said({ decision: deny, chain: { ...chainOf(theirs), agent: mine.agent } })).rejects.toMatchObject(
      FORBIDDEN,
    );
    const begun = intent(mine);
    await bench.store.commit({ entries: [{ point: edge.point, draft: begun }] });
    await remote.forget(edge.point, [mine.task]);
    const outcome = { status: "ok", resultCommitment: null, bytes: 0 } as const;
    const ended = { kind: "action.outcome", effect: "write", intent: begun.intent, outcome, chain: chainOf(mine) };
    await said(ended);
    await expect(said({ ...ended, chain: chainOf(theirs) })).rejects.toMatchObject(FORBIDDEN);
  });
});

describe("a gateway is told of the tasks whose credentials are for it", () => {
  it("when it learns them, and when it joins again", verifies("INV-4"), async () => {
    const other = newId("ep", 1, random);
    await put(boundTo(theirs, other));
    expect(await remote.learn(edge.point, theirs.task)).toMatchObject({ records: [], purpose: null });
    await expect(remote.heldCall(newId("apr", 1, random), chainOf(theirs))).rejects.toMatchObject(FORBIDDEN);
    const again = bench.remote(edge);
    const { records } = await again.join(hello(edge.point, { tasks: [theirs.task, mine.task] }));
    expect(records.filter(({ kind }) => kind === "task").map(({ id }) => id)).toEqual([mine.task]);
    await put(boundTo(theirs, other, edge.point));
    expect((await again.learn(edge.point, theirs.task)).records.map(({ id }) => id)).toContain(theirs.task);
  });
});
