import { resolve } from "node:path";
import { canonicalJson } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { withClient } from "../client/client.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT, type ExitCode } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { folderSource, type LogSource, runningSource } from "../log/log-source.ts";
import { verifySource, type VerifiedLog } from "../log/verify.ts";
import { type ProvenEntry, verifyProof } from "../log/verify-proof.ts";
import { aligned } from "../output/table.ts";

/** `countersign ledger verify`: hashes every entry again, without trust in the server that keeps them (INV-7). */
export const ledgerVerify: Command = command({
  name: "ledger verify",
  summary: "Verify the whole log: every entry, every tile, the signed checkpoint",
  flags: {
    offline: { kind: "text", value: "DIR", about: "an export, verified without any server" },
    proof: { kind: "text", value: "FILE", about: "one entry with its proof, as the console gives it" },
    key: { kind: "text", value: "VKEY", about: "with --proof: the log's key, so that no server is asked" },
    ...REACH,
  },
  examples: [
    { line: "ledger verify", does: "the log of the running control plane" },
    { line: "ledger verify --offline ledger-export", does: "files that somebody gave you" },
    { line: "ledger verify --proof ent_….tlog-proof", does: "one entry that somebody gave you" },
  ],
  run: async (values, cli) => {
    if (values.offline !== undefined) return await report(folderSource(resolve(cli.env.cwd, values.offline)), cli);
    if (values.proof !== undefined) {
      const vkey = values.key ?? (await withClient(values, cli, async (c) => await (await runningSource(c)).vkey()));
      return reportEntry(await verifyProof(resolve(cli.env.cwd, values.proof), vkey), cli);
    }
    return await withClient(values, cli, async (client) => await report(await runningSource(client), cli));
  },
});

async function report(source: LogSource, cli: Cli): Promise<ExitCode> {
  const log = await verifySource(source);
  cli.out.answer(log, () => [
    `${cli.out.paint.good("verified")}  ${String(log.size)} entries of ${log.origin}`,
    "",
    ...facts(log),
    ...remarkLines(log),
  ]);
  return EXIT.ok;
}

function reportEntry(proven: ProvenEntry, { out }: Cli): ExitCode {
  const { entry, index, origin, size } = proven;
  out.answer(proven, () => [
    `${out.paint.good("verified")}  entry ${String(index)} of ${String(size)} of ${origin}`,
    "",
    canonicalJson(entry),
  ]);
  return EXIT.ok;
}

function facts({ place, root, vkey }: VerifiedLog): string[] {
  return aligned([
    ["  log", place],
    ["  root", root],
    ["  key", vkey],
  ]);
}

function remarkLines({ remarks, remarksTotal }: VerifiedLog): string[] {
  if (remarksTotal === 0) return [];
  const first = remarks.slice(0, 20).map(({ index, code, detail }) => [`  entry ${String(index)}`, code, detail]);
  return ["", `${String(remarksTotal)} to look at, although every hash fits:`, ...aligned(first)];
}
