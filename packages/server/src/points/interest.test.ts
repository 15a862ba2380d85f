import { type AnyRecord, type Kind, newId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifies } from "../../../../e2e/support/invariants.ts";
import type { Kernel } from "../kernel.ts";
import type { Put } from "../store/index.ts";
import { type TestKernel, random, testKernel } from "../testing/test-kernel.ts";
import { ServedPoints } from "./served-points.ts";
import {
  type ChainFixture,
  ToldPoint,
  approvalOf,
  brakeOn,
  chain,
  namesOf,
  person,
  signedBy,
} from "./testing/told-point.ts";

let here: TestKernel;
let kernel: Kernel;
let served: ServedPoints;
const [alice, bob, carol, dora] = [person(), person(), person(), person()];
let mine: ChainFixture;
let theirs: ChainFixture;
const fresh = <P extends "brk" | "apr" | "ep">(prefix: P) => newId(prefix, Date.now(), random);
const names = (who: typeof alice): string[] => [`human ${who.id}`, `passkey ${who.passkey}`];
const linksOf = ({ agent, device, task }: ChainFixture): string[] => [
  `agent ${agent}`,
  `device ${device}`,
  `task ${task}`,
];

async function join(name: string, more: object = {}): Promise<ToldPoint & { snapshot: readonly AnyRecord[] }> {
  const point = new ToldPoint(fresh("ep"), name);
  await here.put(point.record());
  kernel.points.connect(point);
  const { records } = await served.join(point.hello(more));
  return Object.assign(point, { snapshot: records });
}
const toldOf = (point: ToldPoint): string[] => namesOf(point.pushed.splice(0).flatMap(({ records }) => records));

beforeEach(async () => {
  here = await testKernel();
  ({ kernel } = here);
  served = new ServedPoints(kernel, () => performance.now());
  await served.begin();
  await here.put(...[alice, bob, carol, dora].flatMap(({ puts }) => puts));
  // Bob signs for Alice's agent, and Carol for Bob.
  mine = chain(alice.id, signedBy(bob));
  theirs = chain(dora.id, signedBy(dora));
  await here.put(...mine.puts, ...theirs.puts);
});
afterEach(async () => await here.close());

describe("what a point is told when it joins", () => {
  it("is what everybody needs, and of the rest nothing", async () => {
    const stop = brakeOn("all", "*")(fresh("brk"));
    const over = brakeOn("all", "*", signedBy(bob))(fresh("brk"));
    await here.put(stop, over);
    await served.sweep();
    const { snapshot } = await join("edge");
    expect(namesOf(snapshot)).toEqual([`brake ${stop.id}`, "settings settings"]);
  });

  it("is also what changed while it was cut off: a stop that was lifted, and who lifted it", async () => {
    const stop = brakeOn("agent", mine.agent)(fresh("brk"));
    const applied = await here.put(stop);
    await here.put(brakeOn("agent", mine.agent, signedBy(carol))(stop.id as never));
    const { snapshot } = await join("edge", { applied });
    // Whoever lifted it, whose agent it is, and who signed for that: seen once, and not told about further.
    expect(namesOf(snapshot)).toEqual(
      [`agent ${mine.agent}`, `brake ${stop.id}`, ...names(bob), ...names(carol), "settings settings"].sort(),
    );
    expect(snapshot.find(({ kind }) => kind === "brake")?.state.status).toBe("thawed");
  });

  it("is the chains of the tasks that it brings along", async () => {
    const edge = await join("edge", { tasks: [mine.task, "tsk_unknown"] });
    expect(namesOf(edge.snapshot)).toEqual(
      [...linksOf(mine), `human ${alice.id}`, ...names(bob), "settings settings"].sort(),
    );
    await here.put(mine.agentPut("suspended"));
    expect(toldOf(edge)).toEqual([`agent ${mine.agent}`]);
  });
});

describe("what a point is told of a task", () => {
  it("is its chain, and who signed for it; and of a task that is not there, nothing", async () => {
    const edge = await join("edge");
    const { records, purpose } = await served.learn(edge.id, mine.task);
    expect(namesOf(records)).toEqual([...linksOf(mine), `human ${alice.id}`, ...names(bob)].sort());
    expect(purpose).toBeNull();
    expect(await served.learn(edge.id, "tsk_none")).toMatchObject({ records: [], purpose: null });
  });

  it("is every change of that, until it forgets it", async () => {
    const [edge, other] = [await join("edge"), await join("other")];
    await served.learn(edge.id, mine.task);
    await served.learn(other.id, theirs.task);
    await here.put(mine.agentPut("suspended"), ...bob.puts);
    expect(toldOf(edge)).toEqual([`agent ${mine.agent}`, ...names(bob)].sort());
    expect(toldOf(other)).toEqual([]);
    served.forget(edge.id, [mine.task]);
    await here.put(mine.agentPut("active"), ...bob.puts);
    expect(toldOf(edge)).toEqual([]);
    await here.put(theirs.taskPut("ended"));
    expect([toldOf(edge), toldOf(other)]).toEqual([[], [`task ${theirs.task}`]]);
  });

  it("is what another task still needs, when one is forgotten", async () => {
    const edge = await join("edge");
    const second = chain(alice.id, signedBy(bob));
    await here.put(...second.puts);
    await served.learn(edge.id, mine.task);
    await served.learn(edge.id, second.task);
    served.forget(edge.id, [mine.task]);
    await here.put(...alice.puts, mine.agentPut("suspended"));
    expect(toldOf(edge)).toEqual([`human ${alice.id}`]);
  });

  it("is each approval of it, with whoever signed and was not known before", async () => {
    const edge = await join("edge");
    await served.learn(edge.id, mine.task);
    const id = fresh("apr");
    await here.put(approvalOf(mine.task, [])(id), approvalOf(theirs.task, [])(fresh("apr")));
    expect(toldOf(edge)).toEqual([`approval ${id}`]);
    await here.put(approvalOf(mine.task, [carol])(id));
    expect(toldOf(edge)).toEqual([`approval ${id}`, ...names(carol)].sort());
    await here.put(...carol.puts);
    expect(toldOf(edge)).toEqual(names(carol).sort());
    served.forget(edge.id, [mine.task]);
    await here.put(...carol.puts);
    expect(toldOf(edge)).toEqual([]);
    const again = await join("again");
    expect(namesOf((await served.learn(again.id, mine.task)).records)).toContain(`approval ${id}`);
  });

  it("follows a link that is signed anew, in the same breath", async () => {
    const edge = await join("edge");
    await served.learn(edge.id, mine.task);
    await here.put({ ...mine.agentPut("active"), authority: signedBy(carol) });
    expect(toldOf(edge)).toEqual([`agent ${mine.agent}`, ...names(carol)].sort());
  });

  it.each<[Kind, (on: ChainFixture) => Put]>([
    ["agent", (on) => on.agentPut("suspended")],
    ["task", (on) => on.taskPut("ended")],
  ])("is a change of its %s also when that comes while it is being read", verifies("INV-1"), async (kind, changed) => {
    const edge = await join("edge");
    const read = kernel.store.records.bind(kernel.store);
    let raced = false;
    kernel.store.records = async (asked) => {
      const found = await read(asked);
      if (asked.some((name) => name.kind === kind) && !raced) {
        raced = true;
        await here.put(changed(mine));
      }
      return found;
    };
    const { records } = await served.learn(edge.id, mine.task);
    const pushed = edge.pushed.flatMap((change) => change.records);
    const newest = [...records, ...pushed].filter((r) => r.kind === kind).sort((a, b) => b.version - a.version)[0];
    expect(newest?.state.status).toMatch(/suspended|ended/);
  });
});

describe("a change", () => {
  it("goes to all as one object, and to those who hold more of it with just that", async () => {
    const points = await Promise.all(["a", "b", "c", "d"].map(async (name) => await join(name)));
    for (const point of points.slice(2)) await served.learn(point.id, mine.task);
    await served.learn(points[3]?.id ?? "ep_", theirs.task);
    const stop = brakeOn("all", "*")(fresh("brk"));
    await here.put(stop, mine.taskPut("ended"), theirs.taskPut("ended"));
    const [a, b, c, d] = points.map(({ pushed }) => pushed[0]);
    expect(a).toBe(b);
    expect(namesOf(a?.records ?? [])).toEqual([`brake ${stop.id}`]);
    expect(namesOf(c?.records ?? [])).toEqual([`brake ${stop.id}`, `task ${mine.task}`]);
    expect(d?.records).toHaveLength(3);
  });

  it("is told with what proves it: whoever lifts a stop, and whose it was", async () => {
    const edge = await join("edge");
    const stop = brakeOn("agent", mine.agent)(fresh("brk"));
    await here.put(stop);
    expect(toldOf(edge)).toEqual([`brake ${stop.id}`]);
    await here.put(brakeOn("agent", mine.agent, signedBy(carol))(stop.id as never));
    expect(toldOf(edge)).toEqual([`agent ${mine.agent}`, `brake ${stop.id}`, ...names(bob), ...names(carol)].sort());
    await here.put(...carol.puts);
    expect(toldOf(edge)).toEqual([]);
  });
});

describe("the size of the directory", () => {
  it("costs nothing: what is read and told grows with the tasks that are served", async () => {
    const counted = async (work: () => Promise<unknown>): Promise<number> => {
      const { store } = kernel;
      const [get, find, changes] = [store.get.bind(store), store.find.bind(store), store.changes.bind(store)];
      const records = store.records.bind(store);
      let rows = 0;
      store.records = async (asked) => {
        const found = await records(asked);
        rows += found.length + 1;
        return found;
      };
      store.get = async (...asked) => {
        rows += 1;
        return (await get(...(asked as Parameters<typeof get>))) as never;
      };
      store.find = async (...asked) => {
        const found = await find(...(asked as Parameters<typeof find>));
        rows += found.length + 1;
        return found as never;
      };
      store.changes = async (...asked) => {
        const found = await changes(...asked);
        rows += found.records.length + 1;
        return found;
      };
      await work();
      Object.assign(store, { get, find, changes, records });
      return rows;
    };
    const round = async (): Promise<number> =>
      await counted(async () => {
        const point = await join("edge", { tasks: [mine.task] });
        await served.learn(point.id, theirs.task);
        await served.renew({ ...point.hello() });
        await served.leave(point.id);
      });
    await served.sweep();
    const before = await round();
    for (let i = 0; i < 5; i += 1)
      await here.put(
        ...Array.from({ length: 60 }, () => chain(person().id, signedBy(bob))).flatMap(({ puts }) => puts),
      );
    await served.sweep();
    expect(await round()).toBe(before);
  });

  it("is forgotten with the link", async () => {
    const edge = await join("edge");
    await served.learn(edge.id, mine.task);
    kernel.points.disconnect(edge.id);
    await here.put(mine.agentPut("suspended"), brakeOn("all", "*")(fresh("brk")));
    expect(edge.pushed).toEqual([]);
    for (const key of [...linksOf(mine), ...names(alice), ...names(bob)]) {
      const space = key.indexOf(" ");
      const ref = { kind: key.slice(0, space) as Kind, id: key.slice(space + 1) };
      expect(kernel.points.interests.mayConcern(ref)).toBe(false);
    }
  });
});
