import { rmSync, writeFileSync } from "node:fs";
import type { JsonObject } from "@countersign/core";
import { listAt, textAt } from "../../client/fields.ts";
import { EXIT } from "../../command/exit-code.ts";
import { aligned } from "../../output/table.ts";
import type { Chapter } from "../claims.ts";
import type { Play } from "../play.ts";
import type { Frozen } from "./code-freeze.ts";
import type { Cast } from "./set-up.ts";

/** The signed proof of the stop: which points confirmed it, and when. */
export async function receipt(
  { stage, place }: Play,
  chapter: Chapter,
  { cast, frozen }: { cast: Cast; frozen: Frozen },
): Promise<void> {
  const proof = frozen.receipt;
  writeFileSync(place.receipt, `${JSON.stringify(proof)}\n`);
  const points = listAt(proof, "points");
  const requestedAt = textAt(proof, "requestedAt");
  await stage.quote(
    aligned([
      ["stop requested", clock(requestedAt)],
      ...points.map((point): [string, string] => [
        `${textAt(point, "how")} by`,
        `${clock(textAt(point, "at"))}  ${textAt(point, "name")} (${textAt(point, "id")})`,
      ]),
      ["in flight", `${String(points.flatMap((point) => listAt(point, "inFlight")).length)} calls`],
      ["signed by", textAt(proof, "kid")],
    ]),
  );
  const named =
    points.map((point) => textAt(point, "name")).join() === "mcp,hooks" &&
    points.every((point) => point["how"] === "acknowledged" && textAt(point, "at") >= requestedAt);
  const [mcp = {}] = points;
  const at = textAt(mcp, "at");
  const ms = Date.parse(at) - Date.parse(requestedAt);
  await chapter.claim("the receipt names each enforcement point and its time", named, `after ${String(ms)} ms`);
  await stage.says({ who: "human", text: "$ countersign receipt verify receipt.json" });
  const verified = cast.commands.answer("receipt", "verify", place.receipt);
  const changed = verifyChanged(`${place.receipt}.changed`, proof, cast);
  const [answer, code] = await stage.busy(
    "countersign receipt verify",
    async () => await Promise.all([verified, changed]),
  );
  await chapter.claim("its signature verifies", answer["ok"] === true);
  await chapter.claim("with one digit of its time changed, it does not", code === EXIT.failed);
  chapter.note({ point: textAt(mcp, "id"), name: textAt(mcp, "name"), at, ms, kid: textAt(proof, "kid") });
}

async function verifyChanged(path: string, proof: JsonObject, { commands }: Cast): Promise<number | null> {
  const settledAt = new Date(Date.parse(textAt(proof, "settledAt")) + 1).toISOString();
  writeFileSync(path, JSON.stringify({ ...proof, settledAt }));
  try {
    return (await commands.run("receipt", "verify", path)).code;
  } finally {
    rmSync(path);
  }
}

function clock(iso: string): string {
  return iso.slice(11, 23);
}
