import type { Programme } from "../claims.ts";
import type { Play } from "../play.ts";
import { codeFreeze } from "./code-freeze.ts";
import { exported } from "./export.ts";
import { falseLog } from "./false-log.ts";
import { narrower } from "./narrower.ts";
import { overwrite } from "./overwrite.ts";
import { reading } from "./reading.ts";
import { receipt } from "./receipt.ts";
import { setUp } from "./set-up.ts";
import { thaw } from "./thaw.ts";

const LEAD =
  "A coding agent was told eleven times that a code freeze was on. It deleted 1,200 executive records, invented 4,000 to replace them and falsified its log. Here is such an agent again, with the same tools, behind Countersign.";

/** The ignored code freeze (design §1), in nine chapters. */
export async function playFreeze(play: Play, programme: Programme): Promise<void> {
  await play.stage.open("The ignored code freeze", LEAD);
  const cast = await programme.chapter("set-up", "Three signatures", async (chapter) => await setUp(play, chapter));
  const work = await programme.chapter(
    "reading",
    "Reading flows",
    async (chapter) => await reading(play, chapter, cast),
  );
  const held = await programme.chapter(
    "overwrite",
    "The overwrite is held",
    async (chapter) => await overwrite(play, chapter, work),
  );
  await programme.chapter(
    "narrower",
    "A narrower call is signed, and passes once",
    async (chapter) => await narrower(play, chapter, { cast, work, held }),
  );
  const frozen = await programme.chapter(
    "freeze",
    "Code freeze, ignored eleven times",
    async (chapter) => await codeFreeze(play, chapter, { cast, work }),
  );
  await programme.chapter(
    "false-log",
    "A false log, and the ledger",
    async (chapter) => await falseLog(play, chapter, { cast, work }),
  );
  await programme.chapter(
    "thaw",
    "A thaw needs a signature",
    async (chapter) => await thaw(play, chapter, { cast, work, frozen }),
  );
  await programme.chapter(
    "receipt",
    "The receipt of the stop",
    async (chapter) => await receipt(play, chapter, { cast, frozen }),
  );
  await programme.chapter(
    "export",
    "The record, for strangers",
    async (chapter) => await exported(play, chapter, cast),
  );
}
