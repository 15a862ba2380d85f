export interface GateResult {
  readonly ok: boolean;
  readonly output: string;
}

export interface Gate {
  readonly name: string;
  /** Checks the source tree in the folder `root`. */
  readonly check: (root: string) => Promise<GateResult>;
}
