import type { StateRecord } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { decide } from "./decide.ts";
import type { DecideInput, Facts } from "./decide-input.ts";
import { AGENT, HUMAN, changed, evaluatorOf, facts, input } from "./testing/fixtures.ts";

const good = facts();
const signature = (act: string): StateRecord["authority"] => ({ change: { act, records: [] } }) as never;
const own = (change: Partial<StateRecord<"task">> = {}): StateRecord<"task"> => ({
  ...changed(good.task, { agent: null }),
  authority: signature("task.open"),
  ...change,
});
const asked = (
  task: StateRecord<"task">,
  { agent = null, ...more }: Partial<Facts> & { readonly claimed?: typeof AGENT | null } = {},
): DecideInput => {
  const { claimed = null, ...others } = more;
  const base = input();
  if (!base.claims.ok) throw new Error("no claims");
  const claims = { ...base.claims, chain: { ...base.claims.chain, agent: claimed } };
  return { ...base, claims, facts: { ...good, task, agent, ...others } };
};

describe("a person's own task", () => {
  it("acts without an agent within what was signed for it", () => {
    expect(decide(asked(own()))).toMatchObject({ result: "permit", policyIds: ["default:own-task"] });
    const narrow = own({ terms: { ...own().terms, grants: [{ action: "sql:billing/read", resource: "**" }] } });
    expect(decide(asked(narrow))).toMatchObject({ result: "deny", code: "grant.missing" });
  });

  it.each<readonly [string, Partial<StateRecord<"task">>]>([
    ["no signature", { authority: null }],
    ["the word of the first state", { authority: "genesis" }],
    ["a signature for something else", { authority: signature("agent.create") }],
    ["a mandate in the place of a session", { terms: { ...own().terms, session: null } }],
  ])("is none with %s", (_name, change) => {
    expect(decide(asked(own(change)))).toMatchObject({ result: "deny", code: "credential.missing" });
  });

  it("is none where one of both names an agent", () => {
    const { task } = good;
    if (task === null) throw new Error("no task");
    expect(decide(asked({ ...task, authority: signature("task.open") }))).toMatchObject({ code: "credential.missing" });
    expect(decide(asked(own(), { claimed: AGENT, agent: good.agent }))).toMatchObject({ code: "task.unknown" });
    expect(decide(asked(own(), { claimed: AGENT }))).toMatchObject({ code: "agent.inactive" });
  });

  it("ends with its human, its device, its time, and by stops of its human", () => {
    const gone = { human: changed(good.human, {}, { status: "inactive" }) };
    expect(decide(asked(own(), gone))).toMatchObject({ code: "human.inactive" });
    expect(decide(asked(own(), { device: changed(good.device, {}, { status: "lost" }) }))).toMatchObject({
      code: "device.unknown",
    });
    expect(decide(asked(changed(own(), {}, { status: "ended" })))).toMatchObject({ code: "task.ended" });
    expect(decide(asked(changed(own(), { expiresAt: "2020-01-01T00:00:00.000Z" })))).toMatchObject({
      code: "task.ended",
    });
  });

  it("is `Human` to policies, who owns themselves", () => {
    const permits = (condition: string): string => decide({ ...asked(own()), policies: evaluatorOf(condition) }).result;
    expect(permits(`permit (principal is Human, action, resource);`)).toBe("permit");
    expect(permits(`permit (principal == Human::"${HUMAN}", action, resource);`)).toBe("permit");
    expect(permits(`permit (principal in Human::"${HUMAN}", action, resource);`)).toBe("permit");
    expect(permits(`permit (principal, action, resource) when { principal.owner == Human::"${HUMAN}" };`)).toBe(
      "permit",
    );
    expect(permits(`permit (principal, action, resource) when { principal.name == "${HUMAN}" };`)).toBe("permit");
    expect(permits(`permit (principal is Agent, action, resource);`)).toBe("deny");
    expect(permits(`permit (principal in Human::"hum_0000000000000000000009", action, resource);`)).toBe("deny");
  });
});
