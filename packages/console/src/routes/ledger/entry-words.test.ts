import { expect, it } from "vitest";
import { byWhom, entryWords } from "./entry-words.ts";

const AGENT = "agt_0351tz2lX7hLHtsPMABqS7";
const names = { [AGENT]: "licence-audit" };

it("says what an entry is about, by names where there are some", () => {
  expect(entryWords({ kind: "brake", action: "brake.freeze", resource: `agent:${AGENT}` }, names)).toEqual({
    title: "Freeze",
    isName: false,
    about: "agent licence-audit",
  });
  expect(entryWords({ kind: "identity", action: "agent.create", resource: AGENT }, names).about).toBe("licence-audit");
  expect(entryWords({ kind: "identity", action: "agent.create", resource: AGENT }, {}).about).toBe(AGENT);
});

it("shows an action as it is written", () => {
  const call = { kind: "action.intent", action: "mcp:files/write_file", resource: "file:/a" } as const;
  expect(entryWords(call, names)).toEqual({ title: "mcp:files/write_file", isName: true, about: "file:/a" });
  expect(entryWords({ kind: "key", action: null, resource: null }, names)).toEqual({
    title: "key",
    isName: false,
    about: null,
  });
});

it("names who answered, and who signed a change", () => {
  const chain = { human: null, device: null, agent: null, task: null };
  const nina = "hum_0351tz26z31PZH9QwPEyHr" as const;
  const approval = "apr_0351tz26z31PZH9QwPEyHr" as const;
  const known = { [nina]: "Nina Kern" };
  const about = { resource: null, approval } as const;
  const signed = { signed: { approver: nina } };
  const title = (entry: Parameters<typeof entryWords>[0]): string => entryWords(entry, known).title;
  expect(title({ kind: "approval", action: "approval.approve", cause: signed, ...about })).toBe(
    "Approved by Nina Kern",
  );
  expect(title({ kind: "approval", action: "approval.deny", cause: signed, ...about })).toBe("Denied by Nina Kern");
  expect(title({ kind: "approval", action: "approval.deny", cause: { by: "local" }, ...about })).toBe(
    "Denied by this machine",
  );
  expect(title({ kind: "brake", action: "brake.thaw", cause: { by: nina }, ...about })).toBe(
    "Thaw, approved by Nina Kern",
  );
  expect(title({ kind: "approval", action: "approval.open", ...about })).toBe("Approval asked for");
  expect(entryWords({ kind: "brake", action: "brake.freeze", resource: "*", cause: { by: nina } }, known).title).toBe(
    "Freeze",
  );
  expect(byWhom({ chain, cause: signed }, known)).toBe("Nina Kern");
});

it("names who stands behind what no task did", () => {
  const chain = { human: null, device: null, agent: null, task: null };
  const human = "hum_0351tz26z31PZH9QwPEyHr" as const;
  expect(byWhom({ chain, cause: { by: human } }, { [human]: "Maya" })).toBe("Maya");
  expect(byWhom({ chain: { ...chain, human } }, { [human]: "Maya" })).toBe("Maya");
  expect(byWhom({ chain, cause: { by: "local" } }, {})).toBe("this machine");
  expect(byWhom({ chain }, {})).toBeNull();
});
