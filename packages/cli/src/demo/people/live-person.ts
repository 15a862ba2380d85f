import { AppError, codeRow, type JsonObject } from "@countersign/core";
import type { Cli } from "../../cli.ts";
import { withClient } from "../../client/client.ts";
import { listAt, objectAt, textAt } from "../../client/fields.ts";
import type { Commands } from "../commands.ts";
import type { Stage } from "../stage/stage.ts";
import type { Person, Seen, Waiting } from "./person.ts";

const POLL_MS = 500;

export interface LivePersonOptions {
  readonly cli: Cli;
  readonly stage: Stage;
  readonly signal: AbortSignal;
  readonly api: string;
  readonly dataDir: string;
}

/** A person of flesh and blood at their own browser: is told what to do, and waited for as long as it takes. */
export class LivePerson implements Person {
  readonly #options: LivePersonOptions;

  constructor(options: LivePersonOptions) {
    this.#options = options;
  }

  async setUp(link: string): Promise<string> {
    await this.#ask("Open this page, enter your name and make a passkey.", link);
    await this.#until(async () => ((await this.#get("/v1/status"))["setUp"] === true ? true : null));
    const [first] = listAt(await this.#get("/v1/humans"), "humans");
    return first === undefined ? "" : textAt(first, "name");
  }

  async sign(waiting: Waiting): Promise<Seen> {
    await this.#ask(`${waiting.what} Read it, and press Approve.`, waiting.url);
    return await this.#answered(waiting, ["approved", "consumed"]);
  }

  async deny(waiting: Waiting, reason: string): Promise<Seen> {
    await this.#ask(`${waiting.what} Press Deny; say why, for example: ${reason}.`, waiting.url);
    return await this.#answered(waiting, ["denied"]);
  }

  async freeze(_commands: Commands, _scope: readonly string[], reason: string): Promise<JsonObject> {
    await this.#ask(
      `Press Freeze, enter a reason, for example “${reason}”, and freeze everything.`,
      `${this.#options.api}/freeze`,
    );
    const brake = await this.#until(async () => {
      const brakes = listAt(await this.#get("/v1/brakes"), "brakes");
      return brakes.find((one) => one["kind"] === "freeze") ?? null;
    });
    return await this.#until(async () => {
      const receipt = await this.#get(`/v1/brakes/${encodeURIComponent(textAt(brake, "id"))}`);
      return receipt["state"] === "stopped" ? receipt : null;
    });
  }

  async #ask(what: string, url: string): Promise<void> {
    await this.#options.stage.ask(what, url);
    this.#options.cli.openPage(url);
  }

  async #answered({ approvalId }: Waiting, wanted: readonly string[]): Promise<Seen> {
    const path = `/v1/approvals/${encodeURIComponent(approvalId)}`;
    const asked = await this.#get(path);
    const state = await this.#until(async () => {
      const now = await this.#get(path).then((view) => textAt(view, "state"), inForce);
      return now === "pending" ? null : now;
    });
    if (wanted.includes(state)) return { content: textAt(objectAt(asked, "display"), "content") };
    throw new AppError("internal.error", {
      detail: `the play needs \`${wanted[0] ?? ""}\` here, and the answer was \`${state}\`; start the demo again`,
    });
  }

  /** Looks again and again; without end, because a person may take their time. */
  async #until<T>(look: () => Promise<T | null>): Promise<T> {
    const { stage, cli, signal } = this.#options;
    return await stage.busy("waiting for you", async () => {
      for (;;) {
        signal.throwIfAborted();
        const found = await look();
        if (found !== null) return found;
        await cli.pause(POLL_MS);
      }
    });
  }

  async #get(path: string): Promise<JsonObject> {
    const { cli, dataDir, api } = this.#options;
    return await withClient(
      { data: dataDir, server: api },
      cli,
      async (client) => await client.json({ as: "local", path }),
    );
  }
}

/** A change that was shown and cannot be proposed a second time is in force; the play claims what follows from it. */
function inForce(error: unknown): string {
  if (error instanceof AppError && codeRow(error.code).status === 409) return "consumed";
  throw error;
}
