import { isJsonObject, type Json, type JsonObject } from "@countersign/core";
import type { Sink } from "../cli.ts";
import { nameOf } from "../client/fields.ts";
import { visible } from "./visible-text.ts";

/** Points that are named while they are waited for. */
const MOST_NAMED = 4;

/**
 * How far a stop is, for people: `stopping · confirmed by 3/4 · waiting for far (its lease ends in 2 s)`. INV-3: nothing is said of a point
 * before it has confirmed.
 */
export function progressLine(stopping: JsonObject, now: number): string {
  const list = stopping["points"];
  const points = (Array.isArray(list) ? (list as readonly Json[]) : []).filter(isJsonObject);
  const waiting = points.filter(({ how }) => how === null || how === undefined);
  if (points.length === 0) return "stopping · requested";
  const confirmed = `confirmed by ${String(points.length - waiting.length)}/${String(points.length)}`;
  if (waiting.length === 0) return `stopping · ${confirmed}`;
  const names = waiting.slice(0, MOST_NAMED).map((point) => visible(nameOf(point)));
  const more = waiting.length > names.length ? ` and ${String(waiting.length - names.length)} more` : "";
  return `stopping · ${confirmed} · waiting for ${names.join(", ")}${more}${leaseText(stopping["leasesEndAt"], now)}`;
}

function leaseText(leasesEndAt: Json | undefined, now: number): string {
  const endsMs = typeof leasesEndAt === "string" ? Date.parse(leasesEndAt) - now : Number.NaN;
  return endsMs > 0 ? ` (silent ones have lost their lease in ${String(Math.ceil(endsMs / 1000))} s)` : "";
}

/** One line on a terminal that is written over; nothing where standard error is none. */
export class LiveLine {
  private readonly sink: Sink;
  private readonly shows: boolean;
  private text = "";

  constructor(sink: Sink, json: boolean) {
    this.sink = sink;
    this.shows = sink.isTTY === true && !json;
  }

  show(text: string): void {
    const fits = text.slice(0, Math.max(20, (this.sink.columns ?? 80) - 1));
    if (!this.shows || fits === this.text) return;
    this.text = fits;
    this.sink.write(`\r\u001b[K${fits}`);
  }

  clear(): void {
    if (this.text !== "") this.sink.write("\r\u001b[K");
    this.text = "";
  }
}
