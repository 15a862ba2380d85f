import { describe, expect, it } from "vitest";
import { readInstallation } from "./installation.ts";
import { nextStep, type Situation } from "./next-step.ts";

const installation = readInstallation({ setUp: true, people: 1, agents: 1, lease: { valid: true } });
const WHOLE: Situation = {
  installation,
  signedIn: true,
  agent: "coder",
  upstream: "files",
  client: null,
  connected: null,
  program: "countersign",
  server: null,
};

describe("nextStep", () => {
  it.each<[string, Partial<Situation>, string]>([
    ["nobody is registered", { installation: { ...installation, setUp: false } }, "countersign connect"],
    [
      "nobody is registered, and there is a client",
      { installation: { ...installation, setUp: false }, client: "codex", server: "http://localhost:1" },
      "countersign connect codex --server http://localhost:1",
    ],
    ["a client is not connected yet", { agent: null, signedIn: false, client: "codex" }, "countersign connect codex"],
    ["a client could be connected, but the chain is whole", { client: "codex" }, "countersign mcp files --agent coder"],
    ["a client is connected", { connected: "Codex CLI" }, "countersign status"],
    [
      "a change waits",
      { installation: { ...installation, pendingChanges: [{ what: "limits", url: "u" }] } },
      "countersign approvals list",
    ],
    ["nobody is signed in", { signedIn: false }, "countersign login"],
    [
      "the address is not the usual one",
      { signedIn: false, server: "https://cs.example" },
      "countersign login --server https://cs.example",
    ],
    ["no upstream", { upstream: null }, "countersign upstream add NAME -- CMD"],
    [
      "no agent",
      { agent: null },
      "countersign agent create NAME --purpose TEXT --grant 'mcp:files/*@**' --expires 30d",
    ],
    ["all is there", {}, "countersign mcp files --agent coder"],
  ])("when %s", (_, change, command) => {
    expect(nextStep({ ...WHOLE, ...change })).toEqual({ why: expect.stringMatching(/^[a-z]/), command });
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
