import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { stripVTControlCharacters } from "node:util";

/** How many milliseconds a command may say nothing; far beyond what it needs. */
const PATIENCE_MS = 30_000;

/** A command in a terminal of its own: whatever it asks is asked of a person. */
export class Terminal {
  readonly ended: Promise<void>;
  readonly #child: ReturnType<typeof spawn>;
  readonly #news = new EventEmitter();
  #shown = "";
  #over = false;

  constructor(line: string, { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> }) {
    // `script` of util-linux gives the command a terminal; `-e` hands its exit code on.
    this.#child = spawn("script", ["-qefc", `stty -echo cols 120; ${line}`, "/dev/null"], { cwd, env, stdio: "pipe" });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (part: Buffer) => {
        this.#shown += part.toString("utf8");
        this.#news.emit("news");
      });
    }
    this.ended = once(this.#child, "close").then(() => {
      this.#over = true;
      this.#news.emit("news");
    });
  }

  /** What stands there, as text. */
  get shown(): string {
    return stripVTControlCharacters(this.#shown).replaceAll("\r\n", "\n").replaceAll("\u0007", "");
  }

  /** Waits until `found` says where the reading ends; rejects with what is shown when the command ends before. */
  async until(found: (shown: string) => number | null): Promise<number> {
    for (;;) {
      const over = this.#over;
      const at = found(this.shown);
      if (at !== null) return at;
      if (over) throw new Error(`not in what was shown:\n${this.shown}`);
      const late = AbortSignal.timeout(PATIENCE_MS);
      await once(this.#news, "news", { signal: late }).catch(() => {
        throw new Error(`silent, and not in what was shown:\n${this.shown}`);
      });
    }
  }

  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Ctrl-C. */
  async stop(): Promise<void> {
    if (!this.#over) this.#child.stdin?.write("\u0003");
    await this.ended;
  }
}
