import { describe, expect, it } from "vitest";
import { AppError } from "@countersign/core";
import { exitCodeOf } from "./command/exit-code.ts";
import { UsageError } from "./command/usage-error.ts";
import { asAppError, failureJson, failureLines } from "./output/failure.ts";
import { testCli } from "./testing/test-cli.ts";

describe("run", () => {
  it.each([
    [["nope"], "unknown command `nope`", "countersign --help"],
    [["--nope"], "unknown command `--nope`", "countersign --help"],
    [
      ["agent"],
      "`agent` needs a command: create, list, show, suspend, reinstate, reassign, retire",
      "countersign agent --help",
    ],
    [["agent", "nope"], "unknown command `agent nope`", "countersign agent --help"],
    [["__proto__"], "unknown command `__proto__`", "countersign --help"],
    [["agent", "toString"], "unknown command `agent toString`", "countersign agent --help"],
    [["status", "--nope"], "unknown flag `--nope`", "countersign status --help"],
    [["freeze", "--reason", "x"], "say what to stop", "countersign freeze --help"],
  ])("%j is a usage error: two lines, exit 2, nothing on stdout", async (argv, says, help) => {
    const { code, stdout, stderr } = await testCli().run(...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    const lines = stderr.split("\n");
    expect(lines[0]).toContain(`countersign: ${says}`);
    expect(lines[1]).toBe(`next: see \`${help}\``);
    expect(lines).toHaveLength(3);
  });

  it("prints problem+json in one line with `--json`, wherever that stands", async () => {
    for (const argv of [
      ["nope", "--json"],
      ["--json", "nope"],
    ]) {
      const { code, stdout, stderr } = await testCli().run(...argv);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(JSON.parse(stderr)).toMatchObject({
        code: "request.invalid",
        status: 400,
        detail: "unknown command `nope`",
      });
      expect(stderr.trim()).not.toContain("\n");
    }
  });

  it.each([
    [["--help"]],
    [["-h"]],
    [[]],
    [["agent", "--help"]],
    [["agent", "create", "--help"]],
    [["freeze", "--all", "-h"]],
  ])("%j shows help and does nothing", async (argv) => {
    const { code, stdout, stderr } = await testCli().run(...argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Usage: countersign");
  });

  it("says its version", async () => {
    expect((await testCli().run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(JSON.parse((await testCli().run("--version", "--json")).stdout)).toEqual({
      version: expect.stringMatching(/^\d/),
    });
  });
});

describe("errors", () => {
  it.each([
    [new UsageError("x"), 2],
    [new AppError("request.unauthenticated"), 3],
    [new AppError("credential.expired"), 3],
    [new AppError("request.forbidden"), 3],
    [new AppError("task.no_human"), 3],
    [new AppError("brake.frozen"), 3],
    [new AppError("request.invalid"), 1],
    [new AppError("request.not_found"), 1],
    [new AppError("server.unreachable"), 1],
    [new AppError("ledger.damaged"), 1],
    [new AppError("internal.error"), 1],
  ])("%s has an exit code", (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });

  it("never show a stack, a message that was not meant for people, or control characters", () => {
    const error = asAppError(Object.assign(new TypeError("secret token abc"), { code: "EPERM" }));
    const shown = `${failureLines(error).join("\n")}${failureJson(error)}`;
    expect(error.code).toBe("internal.error");
    expect(shown).not.toContain("secret");
    expect(shown).not.toContain("at ");
    expect(shown).toContain("TypeError EPERM");
    expect(failureLines(new AppError("request.not_found", { detail: "no \u001b[31mred\u001b[0m" }))[0]).toBe(
      "countersign: no ⟨001B⟩[31mred⟨001B⟩[0m",
    );
    expect(asAppError("thrown text").message).not.toContain("thrown text");
  });

  it("say what to do next for each code that has an obvious next step", () => {
    expect(failureLines(new AppError("data.in_use"))).toHaveLength(2);
    expect(failureLines(new AppError("listen.in_use"))[1]).toContain("countersign.yaml");
  });
});
