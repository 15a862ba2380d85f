import { isJsonObject, type Json, type JsonObject } from "@countersign/core";
import { nameOf, shown } from "../client/fields.ts";
import type { Paint } from "./paint.ts";
import { visible } from "./visible-text.ts";

/**
 * A receipt for people: `mcp stopped 4 ms · 1 call cut · brk_… · thaw needs a passkey`. One line; with several points one line
 * each and the sum last. A point that did not answer is named as such: its lease ran out.
 */
export function receiptLine(receipt: JsonObject, paint: Paint): string[] {
  const points = (Array.isArray(receipt["points"]) ? (receipt["points"] as readonly Json[]) : []).filter(isJsonObject);
  const brake = shown(receipt["brake"] ?? receipt["id"]);
  if (receipt["state"] !== "stopped") {
    return [
      `${paint.bad("not confirmed yet")} · ${brake} · no new action is let through by the server; ask again: \`countersign status\``,
    ];
  }
  const started = Date.parse(shown(receipt["requestedAt"]));
  const cut = points.reduce((sum, point) => sum + inFlight(point).length, 0);
  const tail = [`${String(cut)} ${cut === 1 ? "call" : "calls"} cut`, brake, "thaw needs a passkey"];
  const [only] = points;
  if (points.length === 1 && only !== undefined) return [[pointText(only, started, paint), ...tail].join(" · ")];
  const ended = Date.parse(shown(receipt["settledAt"]));
  const sum = `${paint.good(`${String(points.length)} points stopped`)} ${String(ended - started)} ms`;
  return [...points.map((point) => pointText(point, started, paint)), [sum, ...tail].join(" · ")];
}

function pointText(point: JsonObject, started: number, paint: Paint): string {
  const name = visible(nameOf(point));
  const took = `${String(Date.parse(shown(point["at"])) - started)} ms`;
  return point["how"] === "lease_expired"
    ? `${name} ${paint.warn("silent, lease ended")} ${took}`
    : `${name} ${paint.good("stopped")} ${took}`;
}

function inFlight(point: JsonObject): readonly Json[] {
  const list = point["inFlight"];
  return Array.isArray(list) ? (list as readonly Json[]) : [];
}
