import { describe, expect, it } from "vitest";
import { readInstallation } from "./installation.ts";
import { nextStep, type Situation } from "./next-step.ts";

const installation = readInstallation({ setUp: true, people: 1, agents: 1, lease: { valid: true } });
const WHOLE: Situation = { installation, signedIn: true, agent: "coder", upstream: "files", program: "countersign" };

describe("nextStep", () => {
  it.each([
    ["nobody is registered", { installation: { ...installation, setUp: false } }, null, "set-up link"],
    [
      "a change waits",
      { installation: { ...installation, pendingChanges: [{ what: "limits", url: "u" }] } },
      "countersign approvals list",
      "limits",
    ],
    ["nobody is signed in", { signedIn: false }, "countersign login", "sign in"],
    ["no upstream", { upstream: null }, null, "countersign.yaml"],
    [
      "no agent",
      { agent: null },
      "countersign agent create NAME --purpose TEXT --grant 'mcp:files/*@**' --expires 30d",
      "agent",
    ],
    ["all is there", {}, "countersign mcp files --agent coder", "MCP client"],
  ])("when %s", (_, change, command, says) => {
    const step = nextStep({ ...WHOLE, ...change });
    expect(step.command).toBe(command);
    expect(step.why).toContain(says);
  });

  it("counts nothing that a status does not say", () => {
    expect(readInstallation({})).toMatchObject({
      setUp: false,
      people: 0,
      leaseValid: false,
      brakes: [],
      pendingChanges: [],
    });
    expect(
      readInstallation({ setUp: "yes", people: ["a", "b"], lease: true, brakes: [1, { id: "brk_1" }] }),
    ).toMatchObject({
      setUp: false,
      people: 2,
      leaseValid: false,
      brakes: [{ id: "brk_1" }],
    });
  });
});
