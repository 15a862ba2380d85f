import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { numberAt, textAt } from "../../client/fields.ts";
import { EXIT } from "../../command/exit-code.ts";
import type { Chapter } from "../claims.ts";
import type { Commands } from "../commands.ts";
import { type Play, thousands } from "../play.ts";
import { RECORDS } from "../records.ts";
import type { Cast } from "./set-up.ts";

/** The log as files, verified without the server; then the records, which it was all about. */
export async function exported({ stage, place }: Play, chapter: Chapter, cast: Cast): Promise<void> {
  const { commands } = cast;
  await stage.says({ who: "human", text: "$ countersign ledger export ledger-export" });
  const made = await stage.busy(
    "countersign ledger export",
    async () => await commands.answer("ledger", "export", place.ledgerExport),
  );
  await stage.says({ who: "human", text: "$ countersign ledger verify --offline ledger-export" });
  const verified = commands.answer("ledger", "verify", "--offline", place.ledgerExport);
  const forged = verifyForged(place.ledgerExport, commands);
  const [log, code] = await stage.busy("countersign ledger verify", async () => await Promise.all([verified, forged]));
  const entries = numberAt(log, "size");
  const root = textAt(log, "root");
  await chapter.claim(
    `${thousands(entries)} entries verify without the server`,
    entries > 0 && made["root"] === root,
    `root ${root.slice(0, 8)}…`,
  );
  await chapter.claim("with one bit of one entry turned, they do not", code === EXIT.failed);
  const { records } = place.look();
  await chapter.claim(`${thousands(RECORDS)} executives are still there`, records === RECORDS);
  chapter.note({ entries, root, origin: textAt(log, "origin"), vkey: textAt(log, "vkey"), records });
}

/** Verifies a copy in which somebody has turned one bit in the middle of the entries. */
async function verifyForged(original: string, commands: Commands): Promise<number | null> {
  const copy = `${original}.forged`;
  cpSync(original, copy, { recursive: true });
  try {
    const folder = join(copy, "tile", "entries");
    const [tile = ""] = readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
    );
    const bytes = readFileSync(tile);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    writeFileSync(tile, bytes);
    return (await commands.run("ledger", "verify", "--offline", copy)).code;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
