import { AppError, type Json, type JsonObject } from "@countersign/core";
import type { Stage } from "./stage/stage.ts";

/** What became of one chapter. `facts` holds what was seen; `facts.claims` what was checked, in order. */
export interface ChapterReport {
  readonly name: string;
  readonly ok: boolean;
  /** Running time, pauses left out. */
  readonly ms: number;
  readonly facts: JsonObject;
}

/** What a chapter can do beside acting: note what it saw, and claim what it shows. */
export interface Chapter {
  note(facts: Readonly<Record<string, Json>>): void;
  /** Shows the claim when it holds. @throws AppError when it does not: then the whole demo has failed */
  claim(text: string, holds: boolean, evidence?: string): Promise<void>;
}

/** The chapters that were played, each with its claims: nothing is shown as true that was not checked. */
export class Programme {
  readonly reports: ChapterReport[] = [];
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Plays one chapter and writes its report, whatever comes of it. */
  async chapter<T>(name: string, title: string, play: (chapter: Chapter) => Promise<T>): Promise<T> {
    const { terminal } = this.#stage;
    await this.#stage.chapter(this.reports.length + 1, title);
    const began = terminal.elapsedMs;
    const facts: Record<string, Json> = {};
    const claims: string[] = [];
    const report = (ok: boolean): void => {
      this.reports.push({ name, ok, ms: terminal.elapsedMs - began, facts: { ...facts, claims } });
    };
    try {
      const made = await play({
        note: (more) => {
          Object.assign(facts, more);
        },
        claim: async (text, holds, evidence) => {
          if (!holds) throw await this.#broken(name, text);
          claims.push(text);
          await this.#stage.proof(text, evidence);
        },
      });
      report(true);
      return made;
    } catch (error) {
      report(false);
      throw error instanceof AppError ? error : cutShort(name, error);
    }
  }

  get claims(): number {
    return this.reports.reduce((sum, { facts }) => sum + (facts["claims"] as readonly Json[]).length, 0);
  }

  async #broken(name: string, text: string): Promise<AppError> {
    await this.#stage.failure(text);
    return new AppError("internal.error", {
      detail: `the claim \`${text}\` of chapter \`${name}\` does not hold`,
      details: { chapter: name, claim: text },
    });
  }
}

/** Messages of other people's errors may quote links and tokens: only the kind of error is told. */
function cutShort(name: string, error: unknown): AppError {
  const kind = error instanceof Error ? error.name : "unknown";
  return new AppError("internal.error", {
    cause: error,
    detail: `chapter \`${name}\` could not be played to its end (${kind}); run the demo again`,
  });
}
