/** Which calls a signature for the task covers; the page's choice, or what was signed. */
export interface ChosenBound {
  readonly uses: number;
  readonly seconds: number;
  readonly fixed: readonly string[];
  readonly free: readonly string[];
}

/** What a bound covers, in one sentence: a person reads it before they sign. */
export function boundWords({ uses, seconds, fixed, free }: ChosenBound): string {
  const calls = uses === 1 ? "1 call" : `up to ${uses} calls`;
  const kept = fixed.length === 0 ? "" : `, with ${listed(fixed)} just as shown`;
  const open = free.length === 0 ? "" : `, with any value of ${listed(free)}`;
  return `Covers ${calls} in ${seconds / 60} minutes${kept}${open}. Every other argument is refused.`;
}

function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}
