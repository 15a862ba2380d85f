import type { Cli } from "../../cli.ts";
import type { Paint } from "../../output/paint.ts";
import { visible } from "../../output/visible-text.ts";
import { Terminal, type TerminalOptions } from "./terminal.ts";
import { clip, wrap } from "./wrap.ts";

/** Who a line belongs to: it stands in the gutter. */
export type Speaker = "note" | "human" | "agent" | "gateway" | "proof";
export type Tone = "plain" | "good" | "bad" | "warn" | "dim";

export interface Line {
  readonly who: Speaker;
  readonly text: string;
  /** How the first word is shown. */
  readonly tone?: Tone;
  /** Stands at the right end, e.g. a time. */
  readonly aside?: string;
  readonly asideTone?: Tone;
  /** Cut at the end of the line instead of going on below. */
  readonly short?: true;
}

interface Quote {
  readonly tone?: Tone | ((line: string) => Tone);
  readonly whole?: boolean;
}

const GUTTER = 10;
const GAP = "  ";
const READ_MS = 300;
const CHAPTER_MS = 800;
/** Reading time is given up when a chapter begins late, so that a slow machine ends within the minute as well. */
const FIRST_MS = 6000;
const EACH_MS = 4200;

/** The play as the audience sees it: chapters, and in them one line for each thing that somebody says or does. */
export class Stage {
  readonly terminal: Terminal;
  readonly #paint: Paint;
  readonly #cli: Cli;
  /** What stands in the gutter for the human. */
  readonly #human: string;

  constructor(cli: Cli, { human, ...options }: TerminalOptions & { readonly human: string }) {
    this.#cli = cli;
    this.#human = human;
    this.#paint = cli.out.paint;
    this.terminal = new Terminal(cli, options);
  }

  async open(title: string, lead: string): Promise<void> {
    const { bold, dim, inverse } = this.#paint;
    const hint = this.terminal.pausable ? "space pauses" : "";
    const room = " ".repeat(Math.max(2, this.#width - 15 - title.length - hint.length));
    await this.terminal.print([
      "",
      `${inverse(bold(" COUNTERSIGN "))}${GAP}${bold(title)}${hint === "" ? "" : room + dim(hint)}`,
      "",
      ...wrap(lead, this.#width - 1).map((line) => ` ${line}`),
    ]);
    await this.terminal.beat(CHAPTER_MS);
  }

  async chapter(number: number, title: string): Promise<void> {
    const { bold, dim, inverse } = this.#paint;
    this.terminal.patienceMs = FIRST_MS + EACH_MS * number;
    const rule = "─".repeat(Math.max(0, this.#width - title.length - 5));
    await this.terminal.print(["", `${inverse(bold(` ${String(number)} `))} ${bold(title)} ${dim(rule)}`]);
    await this.terminal.beat(CHAPTER_MS);
  }

  async says({ who, text, tone = "plain", aside = "", asideTone = "dim", short }: Line): Promise<void> {
    const room = this.#width - GUTTER - GAP.length - (aside === "" ? 0 : aside.length + GAP.length);
    const shown = visible(text);
    const lines = short === true ? [clip(shown, room)] : wrap(shown, room);
    await this.terminal.print(
      lines.map((line, at) => {
        const gutter = at === 0 ? this.#gutter(who) : " ".repeat(GUTTER);
        const body = at === 0 ? this.#toned(line, tone) : tone === "dim" ? this.#paint.dim(line) : line;
        const fill = " ".repeat(Math.max(0, room - line.length));
        return `${gutter}${GAP}${body}${at === 0 && aside !== "" ? `${fill}${GAP}${this.#toned(aside, asideTone)}` : ""}`;
      }),
    );
    await this.terminal.beat(READ_MS * Math.min(3, lines.length));
  }

  /** Something that was just checked. */
  async proof(text: string, evidence = ""): Promise<void> {
    await this.says({ who: "proof", text, ...(evidence === "" ? {} : { aside: evidence }) });
  }

  async failure(text: string): Promise<void> {
    const { bad, bold } = this.#paint;
    const [first = "", ...rest] = wrap(visible(text), this.#width - GUTTER - GAP.length);
    await this.terminal.print([
      `${bad(bold("✘".padStart(GUTTER)))}${GAP}${bad(first)}`,
      ...rest.map((line) => `${" ".repeat(GUTTER)}${GAP}${bad(line)}`),
    ]);
  }

  /** Lines that stand as they are, e.g. a table or the contents of a file; `whole`: nothing of a long line is cut. */
  async quote(lines: readonly string[], { tone = "plain", whole = false }: Quote = {}): Promise<void> {
    const room = this.#width - GUTTER - GAP.length - 2;
    const bar = this.#paint.dim("│");
    const fitted = lines.map(visible).flatMap((line) => (whole ? wrap(line, room) : [clip(line, room)]));
    const shown = fitted.map((line) => this.#toned(line, typeof tone === "string" ? tone : tone(line), true));
    await this.terminal.print(shown.map((line) => `${" ".repeat(GUTTER)}${GAP}${bar} ${line}`));
    await this.terminal.beat(READ_MS * Math.min(6, lines.length));
  }

  /** Asks the person to do something in their own browser. */
  async ask(what: string, url: string): Promise<void> {
    if (this.#cli.out.json) {
      this.#cli.out.note({ event: "your_turn", what, url }, () => []);
      return;
    }
    const { bold, inverse, cyan } = this.#paint;
    const indent = " ".repeat(GUTTER + GAP.length);
    const [first = "", ...rest] = wrap(what, this.#width - GUTTER - GAP.length);
    await this.terminal.print([
      `${" ".repeat(GUTTER - 5)}${inverse(bold(" YOU "))}${GAP}${bold(first)}`,
      ...rest.map((line) => indent + bold(line)),
      `${indent}${cyan(url)}`,
    ]);
  }

  /** The last page: what was shown, and where to look next. */
  async end(lines: readonly string[]): Promise<void> {
    await this.terminal.print(lines);
  }

  /** Shows that something is under way. */
  async busy<T>(text: string, work: () => Promise<T>): Promise<T> {
    return await this.terminal.busy(text, work);
  }

  get paint(): Paint {
    return this.#paint;
  }

  get #width(): number {
    return this.terminal.width;
  }

  #gutter(who: Speaker): string {
    const { cyan, dim, good, magenta, warn, bold } = this.#paint;
    const names: Readonly<Record<Speaker, readonly [string, (text: string) => string]>> = {
      note: ["", dim],
      human: [this.#human, (text) => bold(cyan(text))],
      agent: ["agent", (text) => bold(magenta(text))],
      gateway: ["gateway", (text) => bold(warn(text))],
      proof: ["✔", (text) => bold(good(text))],
    };
    const [name, colour] = names[who];
    return colour(clip(name, GUTTER - 1).padStart(GUTTER));
  }

  /** The first word carries the tone; `whole`: every word. */
  #toned(line: string, tone: Tone, whole = false): string {
    if (tone === "plain") return line;
    const colour = this.#paint[tone];
    if (whole || tone === "dim") return colour(line);
    const end = line.includes(" ") ? line.indexOf(" ") : line.length;
    return this.#paint.bold(colour(line.slice(0, end))) + line.slice(end);
  }
}
