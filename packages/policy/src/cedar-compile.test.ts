import { describe, expect, it } from "vitest";
import { compilePolicies } from "./cedar-compile.ts";
import type { PolicyProblem } from "./parsed-policies.ts";
import { parsed } from "./testing/fixtures.ts";

const LIMITS = { policies: 10, nesting: 64 };
const ANY = "(principal, action, resource)";
function problems(text: string): readonly PolicyProblem[] {
  const result = compilePolicies(text, LIMITS);
  return result.ok ? [] : result.problems;
}

describe("a policy set", () => {
  it("has ids, hashes, holds and lines", () => {
    const set = parsed(`
      @id("mine") permit ${ANY};
      forbid ${ANY} when { context.risk > 50 };
      @hold("look at it") @approvers("role:admin") @not_requester @quorum("2") @expires("15m") @scopes("once, task")
      @description("why") forbid ${ANY};`);
    expect(set.policies.map(({ id, effect, line }) => [id, effect, line])).toEqual([
      ["mine", "permit", 2],
      ["policy1", "forbid", 3],
      ["policy2", "forbid", 4],
    ]);
    expect(set.policies[2]?.hold).toEqual({
      reason: "look at it",
      approvers: "role:admin",
      notRequester: true,
      quorum: 2,
      expirySeconds: 900,
      scopes: ["once", "task"],
      authenticator: "any",
    });
    expect(set.policySetHash).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it("gives a hold safe terms where none are named", () => {
    const [policy] = parsed(`@hold("h") forbid ${ANY};`).policies;
    expect(policy?.hold).toEqual({
      reason: "h",
      approvers: "owner",
      notRequester: false,
      quorum: 1,
      expirySeconds: null,
      scopes: ["once"],
      authenticator: "any",
    });
  });

  it("asks administrators where more than the requester must sign and nobody is named", () => {
    const approvers = (annotations: string): string | undefined =>
      parsed(`@hold("h") ${annotations} forbid ${ANY};`).policies[0]?.hold?.approvers;
    expect(approvers('@quorum("2")')).toBe("role:admin");
    expect(approvers("@not_requester")).toBe("role:admin");
    expect(approvers('@quorum("1")')).toBe("owner");
    expect(approvers('@quorum("2") @approvers("role:auditor")')).toBe("role:auditor");
  });

  it("hashes a policy by its content, annotations included, and the set by its text", () => {
    const hashes = (text: string): readonly string[] => parsed(text).policies.map(({ hash }) => hash);
    const plain = `@hold("h") forbid ${ANY};`;
    expect(hashes(plain)).toEqual(hashes(`// a comment\n@hold("h")\nforbid(principal,action,resource)\n;`));
    expect(hashes(plain)).not.toEqual(hashes(`@hold("other") forbid ${ANY};`));
    expect(hashes(plain)).not.toEqual(hashes(`@hold("h") @approvers("role:admin") forbid ${ANY};`));
    expect(parsed(plain).policySetHash).not.toBe(parsed(`${plain} `).policySetHash);
  });

  it("sees what stands behind a comment that ends with a carriage return", () => {
    const set = parsed(`// x\rforbid ${ANY}; permit ${ANY};\npermit ${ANY};`);
    expect(set.policies.map(({ effect }) => effect)).toEqual(["forbid", "permit", "permit"]);
  });

  it("may be empty", () => {
    expect(parsed("").policies).toEqual([]);
    expect(parsed("\n// nothing yet\n").policies).toEqual([]);
  });
});

describe("a policy text is refused, with the line,", () => {
  it.each([
    ["a syntax error", `permit ${ANY}\nwhen {\n  context.risk <\n};`, 4, "unexpected token"],
    ["a missing `;`", `permit ${ANY};\nforbid ${ANY}`, 2, "does not end"],
    ["what stands behind the last policy", `permit ${ANY};\nnonsense`, 2, "does not end"],
    ["a template", "\npermit (principal == ?principal, action, resource);", 2, "template"],
    ["an id that stands twice", `@id("a") permit ${ANY};\n@id("a") permit ${ANY};`, 2, "twice"],
    ["an id that a numbered policy has", `permit ${ANY};\n@id("policy0") permit ${ANY};`, 2, "twice"],
    ["an empty id", `@id("") permit ${ANY};`, 1, "@id"],
    ["an id of a built-in rule", `@id("builtin:critical") permit ${ANY};`, 1, "reserved"],
    ["an id with other characters", `@id("a b") permit ${ANY};`, 1, "letters"],
    ["a misspelt annotation", `@hold("h") @aprovers("owner") forbid ${ANY};`, 1, "not known"],
    ["a hold on a permit", `@hold("h") permit ${ANY};`, 1, "permit"],
    ["a hold without a reason", `@hold forbid ${ANY};`, 1, "reason"],
    ["terms of a hold without a hold", `@approvers("owner") forbid ${ANY};`, 1, "needs"],
    ["unknown approvers", `@hold("h") @approvers("anyone") forbid ${ANY};`, 1, "@approvers"],
    ["a value for @not_requester", `@hold("h") @not_requester("false") forbid ${ANY};`, 1, "@not_requester"],
    ["a quorum of none", `@hold("h") @quorum("0") forbid ${ANY};`, 1, "@quorum"],
    ["an end after a day", `@hold("h") @expires("25h") forbid ${ANY};`, 1, "@expires"],
    ["an end without a unit", `@hold("h") @expires("15") forbid ${ANY};`, 1, "@expires"],
    ["an unknown scope", `@hold("h") @scopes("forever") forbid ${ANY};`, 1, "@scopes"],
    ["no scope", `@hold("h") @scopes forbid ${ANY};`, 1, "@scopes"],
    ["a role that nobody can have", `@hold("h") @approvers("role:dba") forbid ${ANY};`, 1, "nobody has another role"],
    ["an authenticator", `@hold("h") @authenticator("attested") forbid ${ANY};`, 1, "cannot be honoured"],
    ["a quorum of one owner", `@hold("h") @approvers("owner") @quorum("2") forbid ${ANY};`, 1, "never be reached"],
    ["an owner who may not sign", `@hold("h") @approvers("owner") @not_requester forbid ${ANY};`, 1, "nobody"],
    [
      "a chain of operators",
      `permit ${ANY} when { ${"context.risk < 3 && ".repeat(60)}true };`,
      1,
      "too many operators",
    ],
    ["a number beyond 2^53", `permit ${ANY} when { context.risk < 9007199254740993 };`, 1, "number"],
    ["the smallest i64", `permit ${ANY} when { context.risk < -9223372036854775808 };`, 1, "number"],
    ["a misspelt group", 'forbid (principal, action in Action::"destuctive", resource);', 1, "destuctive"],
    ["a misspelt attribute", `permit ${ANY} when { principal.ownr == Human::"x" };`, 1, "owner"],
    ["a misspelt context attribute", `permit ${ANY} when { context.risc < 3 };`, 1, "risk"],
    ["an unknown entity type", "permit (principal is User, action, resource);", 1, "User"],
    ["a type error", `permit ${ANY} when { context.risk < "high" };`, 1, "Long"],
    ["an argument without `has`", `forbid ${ANY} when { context.arguments.path like "/x" };`, 1, "has"],
    ["a fact without `has`", `permit ${ANY} when { context.device.facts.diskEncrypted };`, 1, "has"],
    ["a forbid that can never apply", `forbid ${ANY} when { context has argumnts };`, 1, "impossible"],
  ])("%s", (...[, text, line, word]) => {
    const [first] = problems(text);
    expect(first?.line).toBe(line);
    expect(first?.message).toContain(word);
  });

  it("when it holds too many policies", () => {
    expect(problems(`permit ${ANY};\n`.repeat(11))[0]?.message).toContain("10 policies");
  });

  it("with every problem, up to a bound", () => {
    expect(problems(`nonsense;\n`.repeat(10))).toHaveLength(10);
  });
});

describe("types of arguments", () => {
  it.each([
    'context.arguments has path && context.arguments.path like "/srv/*"',
    "context.arguments has n && (context.arguments.n > 3 || -context.arguments.n + 1 == 2)",
    'context.arguments has amount && context.arguments.amount.greaterThan(decimal("10.5"))',
    'context.arguments has mode && ["a", "b"].contains(context.arguments.mode)',
    'context.arguments has list && context.arguments.list.contains("a")',
    'context.arguments has list && context.arguments.list.containsAny(["a"])',
    "context.arguments has list && !context.arguments.list.isEmpty()",
    "context.arguments has box && context.arguments.box has n && context.arguments.box.n == 1",
    "context.arguments has dry && !context.arguments.dry",
    "context.arguments has dry && (if context.arguments.dry then context.risk < 3 else true)",
    "context.arguments has to && context.arguments.to == context.tool",
    "context.arguments has path",
    "context.device.facts has diskEncrypted && context.device.facts.diskEncrypted",
  ])("are inferred: %s", (condition) => {
    const set = parsed(`forbid ${ANY} when { ${condition} };`);
    expect(set.warnings).toEqual([]);
  });

  it("may differ from policy to policy", () => {
    const set = parsed(`
      forbid ${ANY} when { context.arguments has x && context.arguments.x like "a" };
      forbid ${ANY} when { context.arguments has x && context.arguments.x > 3 };
      forbid ${ANY} when { context.arguments has x && context.arguments.x has y && context.arguments.x.y };`);
    expect(set.warnings).toEqual([]);
  });

  it.each([
    'context.arguments has x && (context.arguments.x == 1 || context.arguments.x == "a")',
    "context.arguments has x && context.arguments has y && context.arguments.x == context.arguments.y",
    "context.arguments == {a: 1}",
  ])("that fit no one shape are not checked, and a warning says so: %s", (condition) => {
    const set = parsed(`permit ${ANY};\n@id("open") forbid ${ANY} when { ${condition} };`);
    expect(set.warnings).toMatchObject([
      { policyId: "open", line: 2, message: expect.stringContaining("not checked") },
    ]);
  });

  it("warn of a permit that can never apply", () => {
    const set = parsed(`@id("p") permit ${ANY} when { false };`);
    expect(set.warnings).toMatchObject([{ policyId: "p", message: expect.stringContaining("impossible") }]);
  });
});
