import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Json } from "@countersign/core";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RENDERINGS, chances, documents } from "../testing/documents.ts";
import { fits, someEdit } from "../testing/some-edit.ts";
import { type Edit, applyToValue, isDone } from "./edit.ts";
import { type EditPlace, planEdits, readConfig, undoEdits, writePlans } from "./index.ts";

interface Edited {
  readonly path: string;
  readonly text: string;
  readonly edits: readonly Edit[];
}

describe.each(["json", "toml", "yaml"] as const)("what was done to a file of %s", (format) => {
  let home: string;
  let place: EditPlace;

  beforeEach(() => {
    home = realpathSync(mkdtempSync(join(tmpdir(), "countersign-undo-")));
    place = { owner: "x", stateDir: join(home, "state"), roots: [home] };
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  /** A random document with up to so many random edits written into it; what it was before. */
  function edited(value: Json, { seed, most }: { readonly seed: number; readonly most: number }): Edited {
    fc.pre(fits(format, value));
    const chance = chances(seed);
    const text = (chance() < 0.2 ? "\uFEFF" : "") + RENDERINGS[format](value, chance);
    const path = join(home, `x.${format}`);
    writeFileSync(path, text);
    const edits: Edit[] = [];
    for (let times = 0; times < most; times += 1) {
      const now = readConfig({ path, format }, place).value;
      const edit = someEdit(now, chance);
      if (!applyToValue(now, edit).ok || isDone(now, edit) || !fits(format, now, edit)) continue;
      writePlans([planEdits({ path, format }, [edit], place)]);
      edits.push(edit);
    }
    return { path, text, edits };
  }

  it("is undone to the byte", () => {
    fc.assert(
      fc.property(documents, fc.nat(), (value, seed) => {
        const { path, text } = edited(value, { seed, most: 3 });
        undoEdits(place);
        expect(readFileSync(path, "utf8")).toBe(text);
        expect(undoEdits(place)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it("is undone in its meaning when the bytes are gone", () => {
    fc.assert(
      fc.property(documents, fc.nat(), (value, seed) => {
        rmSync(place.stateDir, { recursive: true, force: true });
        const { path, edits } = edited(value, { seed, most: 1 });
        // The places of a list move with what is done to it.
        fc.pre(edits.every((edit) => edit.path.every((step) => typeof step === "string")));
        for (const entry of readdirSync(home, { recursive: true, withFileTypes: true }))
          if (entry.name.endsWith(".backup")) rmSync(join(entry.parentPath, entry.name));
        expect(undoEdits(place).filter(({ how }) => how === "failed")).toEqual([]);
        expect(readConfig({ path, format }, place).value).toEqual(value);
      }),
      { numRuns: 15 },
    );
  });
});
