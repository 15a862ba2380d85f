/** Emphasis on a terminal. Meaning is never in the colour alone. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  /** Two hues without a meaning of their own, to tell speakers apart. */
  readonly cyan: (text: string) => string;
  readonly magenta: (text: string) => string;
  readonly inverse: (text: string) => string;
}

/** Makes the emphasis; with `on` false every text stays as it is. */
export function painter(on: boolean): Paint {
  const wrap =
    (open: number, close: number) =>
    (text: string): string =>
      on && text !== "" ? `\u001b[${String(open)}m${text}\u001b[${String(close)}m` : text;
  return {
    bold: wrap(1, 22),
    dim: wrap(2, 22),
    good: wrap(32, 39),
    bad: wrap(31, 39),
    warn: wrap(33, 39),
    cyan: wrap(36, 39),
    magenta: wrap(35, 39),
    inverse: wrap(7, 27),
  };
}
