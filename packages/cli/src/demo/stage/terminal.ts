import type { Cli } from "../../cli.ts";
import { type Keys, listenToKeys } from "./keys.ts";
import { clip } from "./wrap.ts";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 80;
const CLEAR_LINE = "\r\u001b[2K";
const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";

export interface TerminalOptions {
  /** Nothing is written at all. */
  readonly silent: boolean;
  /** Once it has fired nothing more is shown: whoever writes gets its reason thrown. */
  readonly signal: AbortSignal;
  readonly onEnd: () => void;
}

/**
 * Lines one after the other, under them, on a terminal, one line that moves while something starts. Everything waits while the
 * person has paused.
 */
export class Terminal {
  readonly width: number;
  readonly #cli: Cli;
  readonly #options: TerminalOptions;
  readonly #lively: boolean;
  readonly #keys: Keys | null;
  readonly #started: number;
  /** Running time, in milliseconds, after which nothing waits any more for the eyes of a spectator. */
  patienceMs = 0;
  #pausedSince: number | null = null;
  #pausedMs = 0;
  #busy = "";
  #frame = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(cli: Cli, options: TerminalOptions) {
    this.#cli = cli;
    this.#options = options;
    this.#started = cli.now();
    this.#lively = cli.stdout.isTTY === true && !options.silent;
    this.width = Math.min(Math.max(cli.out.width, 60), 100);
    this.#keys = this.#lively
      ? listenToKeys(cli.stdin, { onPause: (paused) => this.#onPause(paused), onEnd: options.onEnd })
      : null;
    if (this.#lively) cli.stdout.write(HIDE_CURSOR);
  }

  /** A key press pauses. */
  get pausable(): boolean {
    return this.#keys !== null;
  }

  /** Running time in milliseconds, pauses left out. */
  get elapsedMs(): number {
    const until = this.#pausedSince ?? this.#cli.now();
    return until - this.#started - this.#pausedMs;
  }

  /** Writes lines, after the pause if there is one. */
  async print(lines: readonly string[]): Promise<void> {
    await this.#keys?.running();
    this.#options.signal.throwIfAborted();
    if (this.#options.silent) return;
    this.#cli.stdout.write(`${this.#lively ? CLEAR_LINE : ""}${lines.join("\n")}\n`);
    this.#draw();
  }

  /** Gives a spectator time to read; on a pipe, and when the running time is long already, none. */
  async beat(milliseconds: number): Promise<void> {
    if (this.#lively && this.elapsedMs + milliseconds < this.patienceMs) await this.#cli.pause(milliseconds);
    await this.#keys?.running();
  }

  /** Shows that something is under way, until it has ended. */
  async busy<T>(text: string, work: () => Promise<T>): Promise<T> {
    this.#busy = text;
    if (this.#lively) this.#timer ??= setInterval(() => this.#draw(), FRAME_MS);
    this.#draw();
    try {
      return await work();
    } finally {
      this.#still();
    }
  }

  close(): void {
    this.#still();
    this.#keys?.close();
    if (this.#lively) this.#cli.stdout.write(SHOW_CURSOR);
  }

  #still(): void {
    this.#busy = "";
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#lively) this.#cli.stdout.write(CLEAR_LINE);
    this.#draw();
  }

  #onPause(paused: boolean): void {
    const now = this.#cli.now();
    if (paused) this.#pausedSince = now;
    else {
      this.#pausedMs += now - (this.#pausedSince ?? now);
      this.#pausedSince = null;
    }
    this.#draw();
  }

  #draw(): void {
    if (!this.#lively) return;
    const { paint } = this.#cli.out;
    this.#frame = (this.#frame + 1) % FRAMES.length;
    const room = this.width - 14;
    if (this.#pausedSince !== null) {
      this.#cli.stdout.write(
        `${CLEAR_LINE}${paint.warn(`         ‖  ${clip("paused: space or Enter goes on", room)}`)}`,
      );
    } else if (this.#busy !== "") {
      const frame = paint.cyan(FRAMES[this.#frame] ?? "");
      this.#cli.stdout.write(`${CLEAR_LINE}         ${frame}  ${paint.dim(clip(this.#busy, room))}`);
    } else this.#cli.stdout.write(CLEAR_LINE);
  }
}
