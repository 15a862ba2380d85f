import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AppError } from "@countersign/core";
import type { Client } from "../client/api.ts";
import { withClient } from "../client/client.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { exportLog } from "../log/export-log.ts";
import { folderSource, runningSource } from "../log/log-source.ts";
import { verifySource } from "../log/verify.ts";

/** `countersign ledger export`: the log as files that a stranger verifies with tools that are not ours (INV-7). */
export const ledgerExport: Command = command({
  name: "ledger export",
  summary: "Write the log as files (checkpoint, tiles, entries, key), then verify what was written",
  flags: { dir: { kind: "operand", about: "a new folder, or an earlier export of the same log" }, ...REACH },
  examples: [
    { line: "ledger export ledger-export", does: "everything up to the last checkpoint" },
    { line: "ledger verify --offline ledger-export", does: "what the receiver runs" },
  ],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const folder = resolve(cli.env.cwd, values.dir);
      const { files } = await exportLog(await runningSource(client), folder);
      const keys = await writeKeys(client, folder);
      const log = await verifySource(folderSource(folder));
      cli.out.answer({ dir: folder, files: files + keys, ...log }, () => [
        `${cli.out.paint.good("exported and verified")}  ${String(log.size)} entries of ${log.origin} in ${String(files + keys)} files`,
        `verify: countersign ledger verify --offline ${values.dir}`,
      ]);
      return EXIT.ok;
    }),
});

/** The keys of receipts, so that `receipt verify` needs no server either. A control plane that shows none is no error. */
async function writeKeys(client: Client, folder: string): Promise<number> {
  try {
    await writeFile(
      join(folder, "keys.json"),
      `${JSON.stringify(await client.json({ as: "anyone", path: "/v1/keys" }))}\n`,
    );
    return 1;
  } catch (error) {
    if (error instanceof AppError && error.code === "request.not_found") return 0;
    throw error;
  }
}
