import { execFile } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandLine } from "./support/command-line.ts";
import { Installation, refusalOf } from "./support/installation.ts";
import { Person } from "./support/person.ts";

const run = promisify(execFile);
const inspector = fileURLToPath(
  new URL("clients/launcher/build/index.js", import.meta.resolve("@modelcontextprotocol/inspector/package.json")),
);

describe("the official Inspector's command line, through countersign mcp", () => {
  let here: Installation;
  let alice: Person;
  let cli: CommandLine;
  let task = "";

  beforeAll(async () => {
    here = await Installation.create();
    alice = new Person(here.composed.api);
    await alice.register(here.composed.setupUrl ?? "", "Alice Example");
    await here.agent(alice);
    cli = new CommandLine(await mkdtemp(join(here.folder, "home-")), { COUNTERSIGN_SERVER: here.composed.api });
    const { approvalId } = await cli.json<{ approvalId: string }>("login", "--no-wait");
    await alice.answer(approvalId);
    const opened = await cli.json<{ id: string }>("task", "open", "--agent", "coder", "--purpose", "inspect");
    task = opened.id;
    await writeFile(join(here.files, "a.txt"), "hello");
  });
  afterAll(async () => await here.close());

  const inspect = async (...args: string[]): Promise<Record<string, unknown>> => {
    const shim = [cli.program, "mcp", "files", "--agent", "coder", "--task", task];
    const variables = Object.entries(cli.env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    const command = [inspector, "--cli", ...variables, ...shim, ...args];
    // The Inspector prints a refused call's result and then fails.
    const { stdout } = await run(process.execPath, command, {
      env: { ...process.env, ...cli.env },
      cwd: cli.cwd,
      timeout: 60_000,
    }).catch((error: { stdout: string }) => error);
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  it("lists the tools", async () => {
    const { tools } = (await inspect("--method", "tools/list")) as { tools: { name: string }[] };
    expect(tools.map((t) => t.name)).toEqual(
      expect.arrayContaining(["read_text_file", "write_file", "countersign_wait"]),
    );
  });

  it("reads, is held, and passes once after a signature", async () => {
    const path = join(here.files, "a.txt");
    const read = await inspect("--method", "tools/call", "--tool-name", "read_text_file", "--tool-arg", `path=${path}`);
    expect(JSON.stringify(read)).toContain("hello");
    const write = [
      "--method",
      "tools/call",
      "--tool-name",
      "write_file",
      "--tool-arg",
      `path=${path}`,
      "--tool-arg",
      "content=inspected",
    ];
    const held = refusalOf(await inspect(...write));
    expect(held).toMatchObject({ decision: "hold" });
    await alice.answer(held?.approval ?? "");
    expect(refusalOf(await inspect(...write))).toBeNull();
    expect(await readFile(path, "utf8")).toBe("inspected");
  });
});
