import { relative } from "node:path";
import type { Cli } from "../cli.ts";
import { shown } from "../client/fields.ts";
import { programName } from "../start/program-name.ts";
import type { ChapterReport, Programme } from "./claims.ts";
import type { Place } from "./place.ts";
import { took } from "./play.ts";
import type { Stage } from "./stage/stage.ts";
import { clip } from "./stage/wrap.ts";

export interface LastPage {
  readonly programme: Programme;
  readonly place: Place;
  readonly stage: Stage;
  readonly elapsedMs: number;
  readonly kept: boolean;
}

/** What each chapter has shown, in one line. */
const SHOWN: Readonly<Record<string, (fact: (name: string) => string) => readonly [string, string]>> = {
  "set-up": () => ["human, machine and agent by passkey", "3 signatures"],
  reading: (fact) => ["reads flow", `${fact("reads")} calls, median ${fact("medianMs")} ms`],
  overwrite: () => ["an overwrite is held for a human", "0 bytes written"],
  narrower: () => ["a narrower call is signed and runs once", "1 record corrected"],
  freeze: (fact) => ["a freeze that every point checks", `${fact("denied")} denied, 1 task severed`],
  "false-log": (fact) => ["the agent's log lies, the ledger does not", `${fact("acts")} acts, all named`],
  thaw: () => ["loosening needs a signature", "2 thaws signed"],
  receipt: (fact) => ["the receipt names point and time", `${fact("name")} after ${fact("ms")} ms`],
  export: (fact) => ["strangers can verify the record", `${fact("entries")} entries`],
};

/** The end: what was shown, how long it took, and where to look next. */
export function lastPage({ programme, place, stage, elapsedMs, kept }: LastPage, cli: Cli): string[] {
  const { bold, good, dim, inverse } = stage.paint;
  const rows = programme.reports.map((report, at) => row(report, at + 1));
  const left = Math.max(...rows.map(([text]) => text.length));
  const { width } = stage.terminal;
  const rule = "─".repeat(Math.max(0, width - "What was shown".length - 3));
  const claims = `${String(programme.claims)} claims checked, ${String(programme.claims)} hold`;
  return [
    "",
    `${inverse(bold(" ✔ "))} ${bold("What was shown")} ${dim(rule.slice(2))}`,
    ...rows.map(
      ([text, evidence]) => `   ${bold(good("✔"))}  ${text.padEnd(left)}  ${dim(clip(evidence, width - left - 8))}`,
    ),
    "",
    `      ${bold(good(claims))} in ${took(elapsedMs)}; the 1,200 records are still there`,
    "",
    ...next(place, kept, cli).map(([what, command]) => `      ${dim(what.padEnd(19))} ${command}`),
    "",
  ];
}

function row({ name, facts }: ChapterReport, number: number): readonly [string, string] {
  const fact = (member: string): string => shown(facts[member]);
  const [text, evidence] = SHOWN[name]?.(fact) ?? [name, ""];
  return [`${String(number)}  ${text}`, evidence];
}

function next(place: Place, kept: boolean, cli: Cli): (readonly [string, string])[] {
  if (!kept) {
    return [
      ["sign it yourself:", "npm run demo -- --live"],
      ["keep what it made:", "npm run demo -- --keep DIR"],
      ["your own:", "npm start"],
    ];
  }
  const program = programName(cli.env);
  const here = (path: string): string => {
    const near = relative(cli.env.cwd, path);
    return near.startsWith("..") ? path : near;
  };
  return [
    ["verify the ledger:", `${program} ledger verify --offline ${here(place.ledgerExport)}`],
    [
      "verify the receipt:",
      `${program} receipt verify ${here(place.receipt)} --key ${here(`${place.ledgerExport}/keys.json`)}`,
    ],
    [
      "run it again:",
      `XDG_CONFIG_HOME=${here(place.config)} ${program} up --data ${here(place.data)} --config ${here(place.yaml)}`,
    ],
  ];
}
