/** One kind of breakage, repeated. */
export interface Loop {
  readonly name: string;
  readonly about: string;
  readonly rounds: number;
  readonly shortRounds: number;
  /** Why this machine can't run it, with what to do; null when it can. */
  obstacle(): string | null;
  run(rounds: number): AsyncIterable<Round>;
}

export interface Round {
  readonly detail: string;
  /** What was lost or wrong; null when nothing was. */
  readonly fault: string | null;
}
