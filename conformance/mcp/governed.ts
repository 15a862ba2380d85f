import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { CommandLine } from "../../e2e/support/command-line.ts";
import { Installation } from "../../e2e/support/installation.ts";
import { Person } from "../../e2e/support/person.ts";

export interface Governed {
  /** An address that needs no credential: `countersign mcp … --listen` stands in front of the gateway. */
  readonly address: (upstream: string) => Promise<string>;
  close(): Promise<void>;
}

/** A whole installation in front of these servers, with a person, and an agent that may do all of what is theirs. */
export async function governed(upstreams: Readonly<Record<string, string>>): Promise<Governed> {
  const here = await Installation.create({
    upstreams: Object.fromEntries(Object.entries(upstreams).map(([name, url]) => [name, { kind: "mcp", url }])),
  });
  const alice = new Person(here.composed.api);
  await alice.register(here.composed.setupUrl ?? "", "Alice Example");
  const grants = Object.keys(upstreams).flatMap((name) => [
    { action: `mcp:${name}/*`, resource: "**" },
    { action: `mcp:${name}#**`, resource: "**" },
  ]);
  await here.agent(alice, { grants });
  const cli = new CommandLine(await mkdtemp(join(here.folder, "home-")), { COUNTERSIGN_SERVER: here.composed.api });
  const { approvalId } = await cli.json<{ approvalId: string }>("login", "--no-wait");
  await alice.answer(approvalId);
  const shims: ReturnType<CommandLine["start"]>[] = [];
  return {
    address: async (upstream) => {
      const args = [
        "mcp",
        upstream,
        "--agent",
        "coder",
        "--purpose",
        "conformance",
        "--listen",
        "127.0.0.1:0",
        "--json",
      ];
      const shim = cli.start(args);
      shims.push(shim);
      return (JSON.parse(await shim.firstLine("stdout")) as { url: string }).url;
    },
    close: async () => {
      for (const { child } of shims) child.kill("SIGTERM");
      await Promise.all(shims.map(({ ended }) => ended));
      await here.close();
    },
  };
}
