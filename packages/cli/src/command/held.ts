import type { JsonObject } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { textAt } from "../client/fields.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";

/** Answers that something waits for a signature: `{approvalId, url, …}` and exit code 4. Nothing has changed yet. */
export function held(cli: Cli, answer: JsonObject, what: string): ExitCode {
  const approvalId = textAt(answer, "approvalId");
  const url = textAt(answer, "url");
  const { paint } = cli.out;
  cli.out.answer({ ...answer, approvalId, url }, () => [
    `${paint.warn("held")}  ${what}: nothing has changed until a human signs`,
    `sign  ${url}`,
  ]);
  return EXIT.held;
}
