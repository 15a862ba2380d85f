import { isJsonObject, type Json, type JsonObject } from "@countersign/core";
import { nameOf, shown } from "../client/fields.ts";
import type { Paint } from "./paint.ts";
import { visible } from "./visible-text.ts";

/** Points that are named one by one. */
const MOST_NAMED = 4;

/**
 * A receipt for people, in one line: `mcp stopped 4 ms · hooks stopped 6 ms · 1 call cut · brk_… · thaw needs a passkey`. Of many points it
 * names the slowest, and those that did not answer: their leases ran out.
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
  const each =
    points.length <= MOST_NAMED
      ? points.map((point) => pointText(point, started, paint))
      : manyText(points, { started, ended: Date.parse(shown(receipt["settledAt"])) }, paint);
  return [[...each, ...tail].join(" · ")];
}

function manyText(
  points: readonly JsonObject[],
  { started, ended }: { readonly started: number; readonly ended: number },
  paint: Paint,
): string[] {
  const silent = points.filter(isSilent);
  const slowest = points
    .filter((point) => !isSilent(point))
    .toSorted((a, b) => tookMs(b, started) - tookMs(a, started))[0];
  const sum = `${paint.good(`${String(points.length)} points stopped`)} ${String(ended - started)} ms`;
  const last =
    slowest === undefined ? [] : [`slowest ${visible(nameOf(slowest))} ${String(tookMs(slowest, started))} ms`];
  if (silent.length === 0) return [sum, ...last];
  const names = silent.slice(0, MOST_NAMED).map((point) => visible(nameOf(point)));
  const more = silent.length > names.length ? ` and ${String(silent.length - names.length)} more` : "";
  return [sum, ...last, `${paint.warn(`${String(silent.length)} silent, lease ended`)}: ${names.join(", ")}${more}`];
}

function pointText(point: JsonObject, started: number, paint: Paint): string {
  const name = visible(nameOf(point));
  const took = `${String(tookMs(point, started))} ms`;
  return isSilent(point)
    ? `${name} ${paint.warn("silent, lease ended")} ${took}`
    : `${name} ${paint.good("stopped")} ${took}`;
}

function isSilent(point: JsonObject): boolean {
  return point["how"] === "lease_expired";
}

function tookMs(point: JsonObject, started: number): number {
  return Date.parse(shown(point["at"])) - started;
}

function inFlight(point: JsonObject): readonly Json[] {
  const list = point["inFlight"];
  return Array.isArray(list) ? (list as readonly Json[]) : [];
}
