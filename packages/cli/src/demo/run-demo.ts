import { AppError } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { EXIT, type ExitCode } from "../command/exit-code.ts";
import { asAppError } from "../output/failure.ts";
import { Programme } from "./claims.ts";
import { Closing } from "./closing.ts";
import { Commands } from "./commands.ts";
import { lastPage } from "./last-page.ts";
import { Place } from "./place.ts";
import type { Play } from "./play.ts";
import { Stage } from "./stage/stage.ts";

export interface DemoOptions {
  /** A person signs and freezes in their own browser. */
  readonly live: boolean;
  /** Where the run stays; null: nothing stays. */
  readonly keep: string | null;
  readonly story: (play: Play, programme: Programme) => Promise<void>;
}

/** Variables of the caller that would change what the demo's own processes do. */
const FOREIGN =
  /^(COUNTERSIGN_|XDG_(CONFIG|STATE)_HOME$|DATABASE_URL$|DISPLAY$|WAYLAND_DISPLAY$|SSH_CONNECTION$|FORCE_COLOR$)/;

/**
 * Plays a story with real parts in folders of its own. Everything is ended and, unless it is to be kept, removed again, whatever
 * happens. Exit code 0 only when every claim was checked and held.
 * @throws AppError naming the claim that does not hold, or why the play could not go on
 */
export async function runDemo({ live, keep, story }: DemoOptions, cli: Cli): Promise<ExitCode> {
  const place = Place.make(keep);
  const ended = new AbortController();
  const signal = AbortSignal.any([cli.signal, ended.signal]);
  const stage = new Stage(cli, {
    human: live ? "human" : "maya",
    silent: cli.out.json,
    signal,
    onEnd: () => ended.abort(),
  });
  const closing = new Closing();
  closing.finally(() => place.remove());
  const programme = new Programme(stage);
  const env = { ...surroundings(cli), XDG_CONFIG_HOME: place.config, NO_COLOR: "1" };
  const commandsFor: Play["commandsFor"] = (more) =>
    new Commands({ cwd: place.root, env: { ...env, ...more }, signal });
  const played = story({ cli, stage, place, closing, live, commandsFor, signal }, programme);
  const failure = await Promise.race([played, stopped(signal)]).then(
    () => null,
    (error: unknown) => (signal.aborted ? stoppedError() : asAppError(error)),
  );
  const { elapsedMs } = stage.terminal;
  await stage.busy("ending what was started", async () => await closing.close());
  stage.terminal.close();
  await played.catch(() => undefined);

  const chapters = programme.reports;
  const lines = (): readonly string[] =>
    failure === null ? lastPage({ programme, place, stage, elapsedMs, kept: keep !== null }, cli) : [];
  cli.out.answer({ ok: failure === null, chapters, keep }, lines);
  if (failure === null) return EXIT.ok;
  throw failure;
}

async function stopped(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) {
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
  throw stoppedError();
}

function stoppedError(): AppError {
  return new AppError("internal.error", { detail: "the demo was stopped before its end" });
}

function surroundings({ env }: Cli): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env.variables).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !FOREIGN.test(entry[0]),
    ),
  );
}
