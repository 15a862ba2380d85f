import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { AppError, canonicalBytes, type JsonObject } from "@countersign/core";
import { decodeBase64url, type VerificationKey } from "@countersign/credentials";
import type { Client } from "../client/api.ts";
import { withClient } from "../client/client.ts";
import { shown } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { readKeySet, readOneKey } from "../log/key-set.ts";
import { readJsonFile } from "../log/json-file.ts";
import { verifyEd25519 } from "../log/native-crypto.ts";
import { receiptLine } from "../output/receipt-line.ts";

/** `countersign receipt verify`: Ed25519 over the canonical form of the receipt without its `signature` (interfaces). */
export const receiptVerify: Command = command({
  name: "receipt verify",
  summary: "Verify a receipt of a stop",
  flags: {
    file: { kind: "operand", about: "the receipt as JSON, as `freeze --json` prints it" },
    key: { kind: "text", value: "KEY", about: "the receipt key: keys.json of an export, a JWK file, or 43 characters" },
    ...REACH,
  },
  examples: [
    {
      line: "receipt verify receipt.json",
      does: "with keys.json beside it, else with the key of the running control plane",
    },
    { line: "receipt verify receipt.json --key ledger-export/keys.json", does: "without any server" },
  ],
  run: async (values, cli) => {
    const file = resolve(cli.env.cwd, values.file);
    const receipt = readJsonFile(file);
    const kid = receipt["kid"];
    const { keys, from } = await keysFor(
      { file, key: values.key, cwd: cli.env.cwd },
      async (ask) => await withClient(values, cli, ask),
    );
    const key = keys.find(({ jkt }) => jkt === kid);
    if (key === undefined)
      throw new AppError("request.not_found", {
        detail: `the receipt's key \`${shown(kid)}\` is not in ${from}; pass \`--key\``,
      });
    if (!(await isSigned(receipt, key))) {
      throw new AppError("request.invalid", {
        detail: `\`${values.file}\` was changed, or was not signed by \`${shown(kid)}\``,
        details: { kid },
      });
    }
    cli.out.answer({ ok: true, kid, keyFrom: from, receipt }, () => [
      `${cli.out.paint.good("verified")}  signed by ${shown(kid)} (key from ${from})`,
      ...receiptLine(receipt, cli.out.paint),
    ]);
    return EXIT.ok;
  },
});

interface KeyPlace {
  readonly file: string;
  readonly key: string | undefined;
  readonly cwd: string;
}
interface FoundKeys {
  readonly keys: readonly VerificationKey[];
  /** Where they came from: the reader decides whether that is enough. */
  readonly from: string;
}

async function keysFor(
  { file, key, cwd }: KeyPlace,
  ask: (work: (client: Client) => Promise<FoundKeys>) => Promise<FoundKeys>,
): Promise<FoundKeys> {
  if (key !== undefined) return { keys: readOneKey(key, cwd), from: "`--key`" };
  const beside = join(dirname(file), "keys.json");
  if (existsSync(beside)) return { keys: readKeySet(readJsonFile(beside)), from: `\`${beside}\`` };
  return await ask(async (client) => ({
    keys: readKeySet(await client.json({ as: "anyone", path: "/v1/keys" })),
    from: `\`${await client.server()}\``,
  }));
}

async function isSigned({ signature, ...unsigned }: JsonObject, key: VerificationKey): Promise<boolean> {
  const bytes = typeof signature === "string" ? decodeBase64url(signature, 64) : null;
  if (bytes === null || key.algorithm !== "EdDSA") return false;
  return await verifyEd25519(Buffer.from(key.jwk.x, "base64url"), canonicalBytes(unsigned), bytes);
}
