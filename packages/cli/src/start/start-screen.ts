import type { Paint } from "../output/paint.ts";
import { visible } from "../output/visible-text.ts";
import { wrapped } from "../output/wrap.ts";
import type { PendingChange } from "./installation.ts";
import type { NextStep } from "./next-step.ts";

export interface StartScreen {
  readonly version: string;
  readonly api: string;
  readonly gateway: string;
  /** `host:port` that is listened on: said where the address does not say it. */
  readonly listen: string;
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
  const { setupUrl, tunnel, next } = screen;
  const page = createPage(paint, width);
  return [
    "",
    `${" ".repeat(INDENT)}${paint.bold("Countersign")} ${paint.dim(screen.version)}`,
    "",
    page.row("Console", screen.api),
    ...(new URL(screen.api).hostname === "localhost" ? [] : [page.row("Listens", screen.listen)]),
    page.row("Gateway", screen.gateway),
    page.row("Data", visible(screen.dataDir)),
    ...(setupUrl === null
      ? []
      : [
          "",
          ...page.said("Set up", "Once, within 15 minutes: the first person makes a passkey here."),
          ...page.copied(setupUrl),
        ]),
    ...(tunnel === null
      ? []
      : [
          "",
          ...page.said("Tunnel", "Run this on your own machine, then open the addresses in its browser."),
          ...page.copied(tunnel),
        ]),
    ...screen.warnings.flatMap((warning) => ["", ...page.said("Warning", warning, paint.warn)]),
    ...screen.pendingChanges.flatMap(({ what, url }) => ["", ...page.said("Unsigned", what), ...page.copied(url)]),
    "",
    ...page.said("Next", `${next.why.charAt(0).toUpperCase()}${next.why.slice(1)}:`),
    ...page.copied(next.command),
    "",
    ...page.said("", "Ctrl-C stops it; the next start goes on where this one ended.", paint.dim),
    "",
  ];
}

interface Page {
  readonly row: (label: string, value: string) => string;
  /** Prose beside its label. */
  readonly said: (label: string, text: string, mark?: (line: string) => string) => string[];
  /** Something to be copied: on a line of its own, as far in as it fits. */
  readonly copied: (text: string) => string[];
}

function createPage(paint: Paint, width: number): Page {
  const margin = INDENT + LABEL;
  const row = (label: string, value: string): string =>
    `${" ".repeat(INDENT)}${paint.dim(label.padEnd(LABEL))}${value}`;
  return {
    row,
    said: (label, text, mark = (line) => line) =>
      wrapped(visible(text), Math.max(30, Math.min(width, 100) - margin)).map((line, at) =>
        at === 0 && label !== "" ? row(label, mark(line)) : " ".repeat(margin) + mark(line),
      ),
    copied: (text) => {
      const indent = [margin, INDENT].find((columns) => columns + text.length <= width);
      if (indent !== undefined) return [" ".repeat(indent) + paint.bold(text)];
      const [first = "", ...flags] = text.split(/ (?=--)/);
      // A shell takes a command over several lines; an address is kept whole, from the first column on.
      if (flags.length === 0) return [paint.bold(text)];
      return [first, ...flags.map((flag) => `  ${flag}`)].map(
        (part, at) => " ".repeat(margin) + paint.bold(at === flags.length ? part : `${part} \\`),
      );
    },
  };
}
