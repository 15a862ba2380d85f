/** Which parts of the content were shown: the first `shown` of `total`. */
export interface Gate {
  readonly total: number;
  readonly shown: number;
}

export function gateOf(total: number): Gate {
  return { total, shown: Math.min(1, total) };
}
export function showNext({ total, shown }: Gate): Gate {
  return { total, shown: Math.min(shown + 1, total) };
}
/** Signing is open only when every part was shown (design 5.2). */
export function isOpen({ total, shown }: Gate): boolean {
  return shown >= total;
}
/** Label of the button that shows the next part. */
export function nextLabel({ total, shown }: Gate): string {
  return `Show part ${shown + 1} of ${total}`;
}
