import type { Json, JsonObject, SecretRef } from "@countersign/core";
import type { FormatName, Path } from "../edit/index.ts";

export type ClientId =
  | "claude-code"
  | "claude-desktop"
  | "cursor"
  | "vscode"
  | "codex"
  | "gemini"
  | "opencode"
  | "goose"
  | "zed"
  | "windsurf";

/** What of the surroundings decides where a client keeps its files. */
export interface Surroundings {
  readonly home: string;
  /** The project: project-level files are looked for here only. */
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Where a client may keep a list of servers. */
export interface ServerList {
  readonly scope: "user" | "project";
  /** Absolute. */
  readonly path: string;
  readonly format: FormatName;
  /** Where in the file: an object of entries by name. */
  readonly at: Path;
}

/** A value that must not be shown: printing it or making JSON of it gives nothing away. */
export interface Sealed {
  readonly reveal: () => string;
}

/** A value of an environment or a header. In doubt it is secret. */
export type Setting =
  | { readonly kind: "plain"; readonly text: string }
  | { readonly kind: "secret"; readonly sealed: Sealed }
  | { readonly kind: "reference"; readonly ref: SecretRef };

export type Transport =
  | {
      readonly kind: "stdio";
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, Setting>>;
      /** Absolute, or null: where the client runs, which is the project. */
      readonly cwd: string | null;
    }
  | {
      readonly kind: "http";
      readonly url: string;
      /** The token of `Authorization: Bearer …`, which is then not among the headers. */
      readonly bearer: Setting | null;
      readonly headers: Readonly<Record<string, Setting>>;
    };

/** Raw parts of an entry, before references are resolved. Absent parts are null or empty. */
export interface Entry {
  readonly command: string | null;
  readonly args: readonly string[];
  readonly env: JsonObject;
  readonly cwd: string | null;
  readonly url: string | null;
  readonly headers: JsonObject;
  readonly enabled: boolean;
  /** Names of variables of the client's own environment: `{variable of the server: variable of the client}`. */
  readonly forwarded: Readonly<Record<string, string>>;
  readonly forwardedHeaders: Readonly<Record<string, string>>;
  readonly bearerVariable: string | null;
  /** Why the entry cannot be carried over; null when it can. */
  readonly trouble: string | null;
}

/** How texts of an entry refer to the environment. */
export type References = "dollar-brace" | "dollar" | "env-colon" | "brace-env" | "none";

/** Changes of one entry, by key; `undefined` takes the key away. */
export type EntryChange = Readonly<Record<string, Json | undefined>>;

/** A program that a client shall start. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
}

/** One client: a row of the table. */
export interface Client {
  readonly id: ClientId;
  readonly name: string;
  /** User level first. An address in the environment replaces the usual one. */
  readonly lists: (around: Surroundings) => readonly ServerList[];
  readonly references: References;
  /** Null: the entry is no server that somebody else could run (built in, or an extension's). */
  readonly read: (entry: JsonObject) => Entry | null;
  /** The keys that make an entry start `launch`; `old` is what stands there, null when the entry is new. */
  readonly write: (launch: Launch, name: string, old: JsonObject | null) => EntryChange;
  /** What the person has to do for the client to notice. */
  readonly restart: string;
}
