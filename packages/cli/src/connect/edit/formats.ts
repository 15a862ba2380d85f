import type { Json } from "@countersign/core";
import type { Edit } from "./edit.ts";
import { json } from "./json-format.ts";
import { toml } from "./toml-format.ts";
import { yaml } from "./yaml-format.ts";

export type FormatName = "json" | "toml" | "yaml";

export type ReadText =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; /** Both from 1. */ readonly line: number; readonly column: number; readonly why: string };

export interface Format {
  /** Never throws. `why` quotes nothing of the text. */
  readonly read: (text: string) => ReadText;
  /**
   * Texts that may carry the edit out, the best first; whoever asks reads each again and takes the first that means what it
   * should. Never throws; empty when this format knows no way.
   */
  readonly ways: (text: string, edit: Edit) => readonly string[];
}

/** `json` takes comments and trailing commas as well, and adds none. */
export const FORMATS: Readonly<Record<FormatName, Format>> = { json, toml, yaml };
