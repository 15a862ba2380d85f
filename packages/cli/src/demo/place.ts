import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../command/usage-error.ts";
import { executiveRecords, recordsText } from "./records.ts";

/** Longest path of a Unix socket, with one byte for its end, on the platform that allows the least. */
const SOCKET_BYTES = 103;

/** The folders of one run: data directory, configuration, records, the agent's own folder. */
export class Place {
  readonly root: string;
  readonly data: string;
  /** Stands for `$XDG_CONFIG_HOME`. */
  readonly config: string;
  readonly records: string;
  /** The file that it is all about. */
  readonly executives: string;
  /** Where the agent works and writes its log. */
  readonly workshop: string;
  readonly ledgerExport: string;
  readonly receipt: string;
  readonly yaml: string;
  readonly #kept: boolean;

  private constructor(root: string, kept: boolean) {
    const at = (...path: string[]): string => join(root, ...path);
    this.root = root;
    this.#kept = kept;
    this.data = at("data");
    this.config = at("config");
    this.records = at("records");
    this.executives = at("records", "executives.json");
    this.workshop = at("agent");
    this.ledgerExport = at("ledger-export");
    this.receipt = at("receipt.json");
    this.yaml = at("countersign.yaml");
  }

  /** Makes the folders, the records and the configuration in `keep`, which must be new or empty, else in a temporary folder. */
  static make(keep: string | null): Place {
    const root = keep === null ? mkdtempSync(join(tmpdir(), "countersign-demo-")) : emptyFolder(keep);
    const place = new Place(root, keep !== null);
    for (const folder of [place.config, place.records, place.workshop]) mkdirSync(folder, { mode: 0o700 });
    writeFileSync(place.executives, recordsText(executiveRecords()));
    writeFileSync(place.yaml, configuration(place.records));
    return place;
  }

  /** Digest and number of the records as they are on the disk now. */
  look(): { readonly sha256: string; readonly records: number; readonly text: string } {
    const text = readFileSync(this.executives, "utf8");
    return { sha256: createHash("sha256").update(text).digest("hex"), records: count(text), text };
  }

  /** Removes all of it, unless it is to be kept. */
  remove(): void {
    if (!this.#kept) rmSync(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

function count(text: string): number {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed.length : 0;
  } catch {
    return 0;
  }
}

function emptyFolder(folder: string): string {
  if (Buffer.byteLength(join(folder, "data", "control.sock")) > SOCKET_BYTES)
    throw new UsageError(`\`${folder}\` is too long for a control socket; choose a shorter path`, "demo");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (readdirSync(folder).length === 0) return folder;
  } catch {
    throw new UsageError(`\`${folder}\` cannot be used as a folder; choose another`, "demo");
  }
  throw new UsageError(`\`${folder}\` is not empty; choose a new folder`, "demo");
}

/** Any free port, the real server of the MCP project over the records, and a short wait for a held call. JSON texts are YAML. */
function configuration(records: string): string {
  const server = import.meta.resolve("@modelcontextprotocol/server-filesystem/dist/index.js");
  const command = [process.execPath, fileURLToPath(server), records];
  return `version: 1
listen: { api: "127.0.0.1:0", gateway: "127.0.0.1:0" }
upstreams:
  files:
    kind: mcp
    command: ${JSON.stringify(command)}
    effects: { write_file: destructive, edit_file: destructive, move_file: destructive }
    resources:
      read_text_file: "file:{path}"
      list_directory: "file:{path}"
      get_file_info: "file:{path}"
      write_file: "file:{path}"
      edit_file: "file:{path}"
      move_file: "file:{source}"
approvals: { waitSeconds: 0.3, expirySeconds: 3600 }
`;
}
