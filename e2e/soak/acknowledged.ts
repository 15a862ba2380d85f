/** What a writer was told is durable, read from its lines; a last line without an end was cut off and does not count. */
export interface Acknowledged {
  /** Index by entry id. */
  readonly entries: Map<string, number>;
  /** Last version by `kind id`. */
  readonly records: Map<string, number>;
  readonly blobs: Set<string>;
  /** The newest published checkpoint, or null. */
  checkpoint: string | null;
  ready: boolean;
}

export function nothingYet(): Acknowledged {
  return { entries: new Map(), records: new Map(), blobs: new Set(), checkpoint: null, ready: false };
}

export function readLines(into: Acknowledged, text: string): void {
  for (const line of text.split("\n").slice(0, -1)) {
    const [what, a = "", b = "", c = ""] = line.split(" ");
    if (what === "entry") into.entries.set(a, Number(b));
    else if (what === "record") into.records.set(`${a} ${b}`, Number(c));
    else if (what === "blob") into.blobs.add(a);
    else if (what === "checkpoint") into.checkpoint = Buffer.from(a, "base64").toString();
    else if (what === "ready") into.ready = true;
    else throw new Error(`a line that no writer says: ${line}`);
  }
}
