import type { Paint } from "../output/paint.ts";
import { visible } from "../output/visible-text.ts";
import type { PendingChange } from "./installation.ts";
import type { NextStep } from "./next-step.ts";

export interface StartScreen {
  readonly version: string;
  readonly api: string;
  readonly gateway: string;
  readonly dataDir: string;
  /** The one-time link of the first human; null once one exists. */
  readonly setupUrl: string | null;
  readonly tunnel: string | null;
  readonly warnings: readonly string[];
  readonly pendingChanges: readonly PendingChange[];
  readonly next: NextStep;
}

const INDENT = 2;
const LABEL = 10;

/** The page that `countersign up` shows. Prose is broken at `width`; addresses and commands never are, so that they can be copied. */
export function startScreen(screen: StartScreen, paint: Paint, width: number): string[] {
  const row = (label: string, value: string): string =>
    `${" ".repeat(INDENT)}${paint.dim(label.padEnd(LABEL))}${value}`;
  const under = (value: string): string => " ".repeat(INDENT + LABEL) + value;
  const prose = (text: string): string[] => wrapped(visible(text), Math.max(30, Math.min(width, 100) - INDENT - LABEL));
  const said = (label: string, text: string, mark: (line: string) => string): string[] =>
    prose(text).map((line, at) => (at === 0 ? row(label, mark(line)) : under(mark(line))));
  const plain = (line: string): string => line;
  const { setupUrl, tunnel, next } = screen;
  return [
    "",
    `${" ".repeat(INDENT)}${paint.bold("Countersign")} ${paint.dim(screen.version)}`,
    "",
    row("Console", screen.api),
    row("Gateway", screen.gateway),
    row("Data", screen.dataDir),
    ...(setupUrl === null
      ? []
      : [
          "",
          row("Set up", paint.bold(setupUrl)),
          ...prose("Once, within 15 minutes: the first person makes a passkey here.").map(under),
        ]),
    ...(tunnel === null
      ? []
      : [
          "",
          row("From afar", tunnel),
          ...prose("Run it on your own machine, then open the addresses above in its browser.").map(under),
        ]),
    ...screen.warnings.flatMap((warning) => ["", ...said("Warning", warning, paint.warn)]),
    ...screen.pendingChanges.flatMap(({ what, url }) => ["", ...said("Unsigned", what, plain), under(url)]),
    "",
    ...said("Next", next.why, plain),
    ...(next.command === null ? [] : [under(paint.bold(next.command))]),
    "",
    ...prose("Ctrl-C stops it; the next start goes on where this one ended.").map((line) => under(paint.dim(line))),
    "",
  ];
}

/** Breaks prose at spaces. A word that is longer than a line stays whole. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
