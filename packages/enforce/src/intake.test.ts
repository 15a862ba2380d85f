import { type AnyRecord, AppError, type TaskId } from "@countersign/core";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { Intake } from "./intake.ts";
import { Replica } from "./replica.ts";
import {
  type AnyState,
  type Person,
  agent,
  countersign,
  installation,
  newPerson,
  peopleOf,
  sealed,
} from "./testing/signed-records.ts";

const TASK = "tsk_1" as TaskId;
const OTHER = "tsk_2" as TaskId;

let replica: Replica;
let intake: Intake;
let alice: Person;
let refused: string[];

function task(id: TaskId, { id: human }: Person, version: number): AnyState {
  const terms = { agent: "agt_1", human, device: "dev_1", session: "ses_1", purpose: sealed, grants: [] };
  const state = { status: "live", jkts: ["k"], cause: null };
  return { kind: "task", id, version, terms, state, authority: null } as unknown as AnyState;
}
function ended(made: AnyState): AnyState {
  return { ...made, state: { ...made.state, status: "ended" } } as unknown as AnyState;
}
function signedAgent(by: Person, version: number, status = "active"): AnyState {
  const made = agent(by.id);
  const authority = countersign(by, "agent.create", { records: [made] });
  return { ...made, version, state: { status, executables: [] }, authority } as unknown as AnyState;
}
function tell(records: readonly AnyState[], version = 100): void {
  intake.changes({ generation: 1, version, records: records as unknown as AnyRecord[] });
}
const statusOf = (): string | undefined => replica.get("agent", "agt_1")?.state.status;
const codeOf = (act: () => void): string => {
  try {
    act();
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
  return "none";
};

beforeEach(() => {
  ({ replica, alice } = installation());
  refused = [];
  intake = new Intake({ replica, refused: ({ kind, id }) => void refused.push(`${kind} ${id}`) });
  // What everybody needs comes through the same door.
  tell([...replica.all("root"), ...replica.all("policy"), ...replica.all("human"), ...replica.all("passkey")]);
});

describe("what is taken in", () => {
  it("is kept as far as something here needs it", () => {
    tell([task(TASK, alice, 5), signedAgent(alice, 5)]);
    expect(replica.get("task", TASK)).toBeUndefined();
    expect(statusOf()).toBeUndefined();
    const end = intake.begin(TASK);
    tell([task(TASK, alice, 5), signedAgent(alice, 5), ...peopleOf(alice, ["admin"], "genesis")]);
    end();
    expect(replica.get("task", TASK)).toBeDefined();
    expect(statusOf()).toBe("active");
  });

  it("goes with the last task that needed it", () => {
    const before = replica.size;
    for (const id of [TASK, OTHER]) {
      const end = intake.begin(id);
      tell([task(id, alice, 5), signedAgent(alice, 5), ...peopleOf(alice, ["admin"], "genesis")]);
      end();
    }
    intake.drop([TASK]);
    expect(statusOf()).toBe("active");
    expect(replica.get("task", TASK)).toBeUndefined();
    intake.drop([OTHER]);
    expect(statusOf()).toBeUndefined();
    // Of the people, only those whose signature stands under what everybody needs would stay.
    expect(replica.size).toBeLessThan(before + 1);
  });

  it("does not bring back what a push ended while its task was being learned", () => {
    const end = intake.begin(TASK);
    // The push overtakes the answer, and nothing here needs the agent yet.
    tell([signedAgent(alice, 9, "suspended")], 9);
    tell([task(TASK, alice, 5), signedAgent(alice, 5), ...peopleOf(alice, ["admin"], "genesis")], 5);
    end();
    expect(statusOf()).toBe("suspended");
  });

  it("waits with a record until its signer is known", () => {
    const bob = newPerson();
    const people = peopleOf(
      bob,
      ["admin"],
      countersign(alice, "human.add", { records: peopleOf(bob, ["admin"], null) }),
    );
    const end = intake.begin(TASK);
    tell([task(TASK, bob, 5), signedAgent(bob, 5)]);
    expect(refused).toEqual(["agent agt_1"]);
    expect(statusOf()).toBeUndefined();
    tell([...people, ...peopleOf(alice, ["admin"], "genesis")]);
    end();
    expect(statusOf()).toBe("active");
    // Whoever never comes is not waited for in memory: nothing needs the record.
    intake.drop([TASK]);
    tell([signedAgent(newPerson(), 8)]);
    tell([]);
    expect(statusOf()).toBeUndefined();
  });

  it("keeps what is being learned, though another task that needed it is dropped meanwhile", () => {
    const first = intake.begin(TASK);
    tell([task(TASK, alice, 5), signedAgent(alice, 9, "suspended"), ...peopleOf(alice, ["admin"], "genesis")]);
    first();
    const end = intake.begin(OTHER);
    intake.drop([TASK]);
    expect(replica.get("task", TASK)).toBeUndefined();
    tell([task(OTHER, alice, 5), signedAgent(alice, 5), ...peopleOf(alice, ["admin"], "genesis")]);
    end();
    expect(statusOf()).toBe("suspended");
  });

  it("ends as the newest of what was told, in whatever order it came", () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(order, (places) => {
        ({ replica, alice } = installation());
        intake = new Intake({ replica, refused: () => undefined });
        const people = peopleOf(alice, ["admin"], "genesis");
        const told = [
          [task(TASK, alice, 5), signedAgent(alice, 5), ...people],
          [signedAgent(alice, 6)],
          [signedAgent(alice, 7, "suspended")],
          [ended(task(TASK, alice, 8))],
        ];
        const end = intake.begin(TASK);
        for (const place of places) tell(told[place] ?? []);
        end();
        expect(statusOf()).toBe("suspended");
        expect(replica.get("task", TASK)?.state.status).toBe("ended");
      }),
    );
  });

  it("is refused when it says that it comes from the future, or from the past of another generation", () => {
    const answer = (generation: number, version: number): string =>
      codeOf(() => intake.answer({ generation, version, records: [] }));
    expect(answer(2, 50)).toBe("none");
    expect(answer(2, 49)).toBe("lease.behind");
    expect(answer(1, 60)).toBe("lease.behind");
    expect(answer(3, 49)).toBe("lease.behind");
    expect(replica.version).toBe(50);
    expect(intake.generation).toBe(2);
    const ahead = [task(TASK, alice, 61)] as unknown as AnyRecord[];
    expect(codeOf(() => intake.changes({ generation: 2, version: 60, records: ahead }))).toBe("link.malformed");
    expect(codeOf(() => intake.changes({ generation: 1, version: 60, records: [] }))).toBe("lease.behind");
    expect(replica.get("task", TASK)).toBeUndefined();
  });

  it("tells of changes without vouching for all that came before them", () => {
    intake.answer({ generation: 1, version: 50, records: [] });
    tell([], 70);
    expect(replica.version).toBe(50);
  });
});

describe("a stop that was lifted", () => {
  const DAY_MS = 86_400_000;
  const AT = Date.parse("2026-11-22T12:00:00.000Z");
  const stop = (version: number, status: "active" | "thawed"): AnyState => {
    const scope = { type: "all", value: "*" };
    const terms = { kind: "freeze", scope, reason: "", by: "local", at: new Date(AT).toISOString(), agents: [] };
    const made = { kind: "brake", id: "brk_1", version, terms, state: { status: "active" }, authority: null };
    const authority = status === "active" ? null : countersign(alice, "brake.thaw", { records: [made as never] });
    return { ...made, state: { status }, authority } as unknown as AnyState;
  };

  it("is kept for as long as an approval may be older than it, and then dropped", () => {
    const before = [replica.size, intake.size];
    tell([stop(5, "active")]);
    intake.dropLifted(AT + 30 * DAY_MS);
    expect([...replica.brakesInForce()]).toHaveLength(1);
    tell([...peopleOf(alice, ["admin"], "genesis"), stop(6, "thawed")]);
    intake.dropLifted(AT + DAY_MS + 900_000);
    expect(replica.get("brake", "brk_1")?.state.status).toBe("thawed");
    intake.dropLifted(AT + DAY_MS + 3_600_001);
    expect(replica.get("brake", "brk_1")).toBeUndefined();
    expect([replica.size, intake.size]).toEqual(before);
  });
});
