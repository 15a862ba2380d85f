import { AppError, canonicalBytes, type JsonObject } from "@countersign/core";
import { parseVkey, verifyProofFile } from "@countersign/ledger";
import type { Client } from "../client/api.ts";
import { withClient } from "../client/client.ts";
import { numberAt, objectAt } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { runningSource } from "../log/log-source.ts";
import { nativeSha256, verifyEd25519 } from "../log/native-crypto.ts";

/** `countersign ledger prove`: the proof of one entry as a file of c2sp.org/tlog-proof, checked before it is printed. */
export const ledgerProve: Command = command({
  name: "ledger prove",
  summary: "Print the proof that an entry is in the log; anybody checks it offline",
  flags: { entry: { kind: "operand", about: "its id (ent_…)" }, ...REACH },
  examples: [
    { line: "ledger prove ent_… > entry.tlog-proof", does: "a proof to give away" },
    { line: "ledger prove ent_… --json", does: "proof, index and the entry itself" },
  ],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const id = encodeURIComponent(values.entry);
      const found = await client.json({ as: "near", path: `/v1/ledger/entries/${id}` });
      const entry = objectAt(found, "body");
      const proof = (await client.raw({ as: "near", path: `/v1/ledger/proof/${id}` })).bytes.toString("utf8");
      await assertProves(client, { proof, entry });
      cli.out.answer({ entry, index: numberAt(found, "index"), proof }, () => [proof.replace(/\n$/, "")]);
      return EXIT.ok;
    }),
});

async function assertProves(client: Client, { proof, entry }: { proof: string; entry: JsonObject }): Promise<void> {
  const parsed = parseVkey(nativeSha256, await (await runningSource(client)).vkey());
  if (!parsed.ok)
    throw new AppError("ledger.damaged", {
      detail: "the key of the log cannot be used",
      details: { fault: parsed.code },
    });
  const trust = { logKey: parsed.key, verify: verifyEd25519 };
  const checked = await verifyProofFile(proof, canonicalBytes(entry), { sha256: nativeSha256, trust });
  if (!checked.ok)
    throw new AppError("ledger.damaged", {
      detail: "the server's proof does not fit the entry",
      details: { fault: checked.code },
    });
}
