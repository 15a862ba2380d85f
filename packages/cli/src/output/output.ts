import type { Sink } from "../cli.ts";
import { type Paint, painter } from "./paint.ts";

/** Where a command's answer goes: one JSON object for programs, or plain lines for people. */
export interface Output {
  readonly json: boolean;
  readonly paint: Paint;
  /** Columns of the terminal; 80 when there is none. */
  readonly width: number;
  /** The answer: `value` with `--json`, else the lines. Once per command. */
  answer(value: unknown, lines: () => readonly string[]): void;
  /** One object of a stream: a line of JSON, or lines for people. */
  item(value: unknown, lines: () => readonly string[]): void;
  /** Something on the way, for people and programs, on standard error. */
  note(value: unknown, lines: () => readonly string[]): void;
}

export interface OutputOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly json: boolean;
  readonly noColor: boolean;
}

/** Makes the output of one command. Colour only on a terminal and without NO_COLOR. */
export function createOutput({ stdout, stderr, json, noColor }: OutputOptions): Output {
  const say = (sink: Sink, value: unknown, lines: () => readonly string[]): void => {
    const text = json ? JSON.stringify(value) : lines().join("\n");
    if (text !== "") sink.write(`${text}\n`);
  };
  return {
    json,
    paint: painter(stdout.isTTY === true && !noColor && !json),
    width: stdout.columns ?? 80,
    answer: (value, lines) => {
      say(stdout, value, lines);
    },
    item: (value, lines) => {
      say(stdout, value, lines);
    },
    note: (value, lines) => {
      say(stderr, value, lines);
    },
  };
}
