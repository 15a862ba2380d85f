/** Which calls a signature for the task covers; the page's choice, or what was signed. */
export interface ChosenBound {
  readonly uses: number;
  readonly seconds: number;
  readonly fixed: readonly string[];
  readonly free: readonly string[];
}

/** How often and how long. */
export function usesWords({ uses, seconds }: ChosenBound): string {
  const calls = uses === 1 ? "1 call" : `Up to ${uses} calls`;
  return `${calls} in ${seconds / 60} minutes.`;
}

/** What the person has chosen, in one line. It names no argument: names come from the agent, and stand marked in the list above it. */
export function choiceWords(bound: ChosenBound): string {
  const open =
    bound.free.length === 0 ? "Each just as shown." : "What is ticked may be anything, the rest is just as shown.";
  return `${usesWords(bound)} ${open} No argument may be added.`;
}
