import { AppError, type JsonObject } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { EXIT, type ExitCode } from "../command/exit-code.ts";
import { receiptLine } from "../output/receipt-line.ts";
import { LiveLine, progressLine } from "../output/stop-progress.ts";
import type { ApiCall, Client } from "./api.ts";
import { shown, textAt } from "./fields.ts";

/** What is asked for, and whether its end is waited for. */
export interface StopAsk {
  readonly path: string;
  readonly body: JsonObject;
  readonly wait: boolean;
}

/** A point that stays silent is waited for until its lease is over: three seconds by default, more where it is configured so. */
const STOP_MS = 60_000;
/** How much longer than the last lease, when the server says when that ends. */
const GRACE_MS = 10_000;
const FIRST_POLL_MS = 10;
const POLL_MS = 100;

/**
 * Asks for a stop and answers with its receipt, when every point has confirmed it and not before (INV-3). On a terminal it says meanwhile how
 * far it is.
 */
export async function askStop(client: Client, cli: Cli, { path, body, wait }: StopAsk): Promise<ExitCode> {
  const live = wait && cli.stderr.isTTY === true && !cli.out.json;
  const asked = live || !wait ? { ...body, wait: false } : body;
  const first = await asPerson(client, { path, body: asked, answerMs: STOP_MS });
  if (!wait) {
    cli.out.answer(first, () => [`requested · ${shown(first["id"])} · not confirmed yet: \`countersign status\``]);
    return EXIT.ok;
  }
  const receipt = await settled(client, cli, first);
  cli.out.answer(receipt, () => receiptLine(receipt, cli.out.paint));
  return receipt["state"] === "stopped" ? EXIT.ok : EXIT.failed;
}

/** With the name of whoever is signed in here; a stop never waits for a signature or a session, so without one it is this machine's. */
async function asPerson(client: Client, call: Omit<ApiCall, "as">): Promise<JsonObject> {
  try {
    if ((await client.session()) !== null) return await client.json({ ...call, as: "session" });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  return await client.json({ ...call, as: "near" });
}

/** The receipt: at once, or when every point has confirmed. */
async function settled(client: Client, cli: Cli, first: JsonObject): Promise<JsonObject> {
  const line = new LiveLine(cli.stderr, cli.out.json);
  const began = cli.now();
  let answer = first;
  for (let polls = 0; answer["state"] === "stopping" && !cli.signal.aborted; polls += 1) {
    const leasesEnd = Date.parse(shown(answer["leasesEndAt"]));
    if (cli.now() > Math.max(began + STOP_MS, Number.isNaN(leasesEnd) ? 0 : leasesEnd + GRACE_MS)) break;
    line.show(progressLine(answer, cli.now()));
    await cli.pause(polls < POLL_MS / FIRST_POLL_MS ? FIRST_POLL_MS : POLL_MS);
    answer = await client.json({ as: "near", path: `/v1/brakes/${encodeURIComponent(textAt(answer, "id"))}` });
  }
  line.clear();
  return answer;
}
