import { describe, expect, it } from "vitest";
import { generateSigningKey } from "@countersign/credentials";
import { NOW } from "../testing/test-cli.ts";
import type { ChainFacts } from "./chain-facts.ts";
import { chainLinks } from "./chain-links.ts";
import { readInstallation } from "./installation.ts";

const WHOLE: ChainFacts = {
  server: "http://localhost:7330",
  unreachable: null,
  installation: readInstallation({ setUp: true, gateway: "http://127.0.0.1:7331", lease: { valid: true } }),
  session: {
    id: "ses_1",
    key: generateSigningKey(),
    human: { id: "hum_1", name: "Alice" },
    device: { id: "dev_1", name: "laptop" },
    expiresAt: new Date(NOW + 7_200_000).toISOString(),
  },
  sessionFault: null,
  device: { id: "dev_1", name: "laptop", status: "active", posture: { level: "enrolled" } },
  agents: [{ name: "coder" }],
  upstreams: [{ name: "files" }],
  tasks: [{ purpose: "tidy" }],
  now: NOW,
};
const broken = (change: Partial<ChainFacts>): string[] =>
  chainLinks({ ...WHOLE, ...change }, "cs").flatMap(({ name, state, repair }) =>
    state === "broken" ? [`${name}: ${repair ?? ""}`] : [],
  );
const installed = (change: object): Partial<ChainFacts> => ({
  installation: { ...readInstallation({ setUp: true, lease: { valid: true } }), ...change },
});

describe("chainLinks", () => {
  it("shows each link of a whole chain", () => {
    expect(chainLinks(WHOLE, "cs").map(({ name, state, text }) => `${name} ${state} ${text}`)).toEqual([
      "server ok http://localhost:7330",
      "human ok Alice, signed in for 2 h",
      "device ok laptop, level enrolled",
      "agent ok coder",
      "task ok 1 live: tidy",
      "gateway ok http://127.0.0.1:7331, lease valid",
    ]);
  });

  it.each([
    ["the server is down", { unreachable: "nothing answers" }, ["server: cs up"]],
    ["nobody is signed in", { session: null, device: null }, ["human: cs login", "device: cs login"]],
    [
      "nobody is registered",
      { ...installed({ setUp: false }), session: null, device: null },
      ["human: open the set-up link that `cs up` shows", "device: cs login"],
    ],
    ["the device is gone", { device: null }, ["device: cs enroll"]],
    ["the device is lost", { device: { id: "dev_1", name: "laptop", status: "lost" } }, ["device: cs enroll"]],
    [
      "the device is unwell",
      { device: { name: "l", status: "active", posture: { level: null, missing: [{ remedy: "update the system" }] } } },
      ["device: update the system"],
    ],
    ["the device says nothing", { device: { name: "l", status: "active", posture: null } }, ["device: cs device list"]],
    ["no agent", { agents: [] }, ["agent: cs agent create NAME --purpose TEXT --grant 'mcp:files/*@**' --expires 30d"]],
    ["no task is no fault", { tasks: [] }, []],
    ["the lease is lost", installed({ leaseValid: false }), ["gateway: cs doctor"]],
    [
      "a freeze",
      installed({ brakes: [{ id: "brk_1", kind: "freeze", scope: { type: "all", value: "*" }, at: "t" }] }),
      ["brake: cs thaw brk_1"],
    ],
  ])("when %s", (_, change, expected) => {
    expect(broken(change)).toEqual(expected);
  });
});
