import { describe, expect, it } from "vitest";
import { painter } from "../output/paint.ts";
import { startScreen, type StartScreen } from "./start-screen.ts";

const FULL: StartScreen = {
  version: "0.1.0",
  api: "http://localhost:7330",
  gateway: "http://127.0.0.1:7331",
  listen: "127.0.0.1:7330",
  dataDir: "/srv/countersign",
  setupUrl: "http://localhost:7330/setup?token=Pul0kY-Hdn3xI97ITWyaS6LTnGPjL3Mqq4lr7U5b5t0",
  tunnel: "ssh -L 7330:localhost:7330 -L 7331:localhost:7331 alice@box",
  warnings: [
    "agents run under this same user (coder, reader): they can read its files and stop it; run Countersign under a user of its own",
  ],
  pendingChanges: [
    {
      what: "settings.limits differ from what was signed",
      url: "http://localhost:7330/approve/apr_0351m4omFG9ph0SW6z0zjh",
    },
  ],
  next: { why: "sign in on this machine", command: "bin/countersign login" },
};

describe("the start screen", () => {
  it("fits 80 columns, but for addresses and commands, which stay whole", () => {
    const lines = startScreen(FULL, painter(false), 80);
    for (const line of lines.filter((one) => !/https?:|ssh /.test(one))) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines.every((line) => line === line.trimEnd())).toBe(true);
    for (const whole of [FULL.setupUrl, FULL.tunnel, FULL.pendingChanges[0]?.url, "bin/countersign login"]) {
      expect(lines.some((line) => line.endsWith(whole ?? "?"))).toBe(true);
    }
  });

  it("keeps the usual set-up link within 80 columns, so that a terminal does not break it", () => {
    const lines = startScreen(FULL, painter(false), 80);
    expect(lines.find((line) => line.includes("/setup"))).toBe(`  ${FULL.setupUrl ?? ""}`);
    const far = { ...FULL, setupUrl: FULL.setupUrl?.replace("localhost", "countersign.example") ?? null };
    expect(startScreen(far, painter(false), 80).find((line) => line.includes("/setup"))).toBe(far.setupUrl);
  });

  it("breaks a long command as a shell takes it", () => {
    const command = "countersign agent create NAME --purpose TEXT --grant 'mcp:files/*@**' --expires 30d";
    const lines = startScreen({ ...FULL, next: { why: "register an agent", command } }, painter(false), 80);
    const at = lines.findIndex((line) => line.includes("agent create"));
    expect(lines.slice(at, at + 4).map((line) => line.trim())).toEqual([
      "countersign agent create NAME \\",
      "--purpose TEXT \\",
      "--grant 'mcp:files/*@**' \\",
      "--expires 30d",
    ]);
  });

  it("shows only what there is", () => {
    const text = startScreen(
      { ...FULL, setupUrl: null, tunnel: null, warnings: [], pendingChanges: [] },
      painter(false),
      80,
    ).join("\n");
    for (const label of ["Set up", "Tunnel", "Warning", "Unsigned"]) expect(text).not.toContain(label);
    for (const label of ["Console", "Gateway", "Data", "Next"]) expect(text).toContain(label);
  });

  it("says what is listened on where the address does not say it", () => {
    const screen = (api: string): string => startScreen({ ...FULL, api }, painter(false), 80).join("\n");
    expect(screen("https://countersign.example")).toMatch(/Listens +127\.0\.0\.1:7330\n/);
    expect(screen(FULL.api)).not.toContain("Listens");
  });

  it("breaks prose on a narrow terminal and spells out control characters of a warning", () => {
    const lines = startScreen(
      { ...FULL, warnings: ["upstream \u001b[2J said nothing at all for a very long time"] },
      painter(false),
      45,
    );
    expect(lines.join("\n")).toContain("⟨001B⟩[2J");
    for (const line of lines.filter((one) => !/https?:|ssh /.test(one))) expect(line.length).toBeLessThanOrEqual(45);
  });

  it("has no escape sequence without colour", () => {
    expect(startScreen(FULL, painter(false), 80).join("")).not.toContain("\u001b");
    expect(startScreen(FULL, painter(true), 80).join("")).toContain("\u001b[1m");
  });
});
