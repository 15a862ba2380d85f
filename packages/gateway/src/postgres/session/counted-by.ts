import { type Ceilings, type Within, changedRows, exceededBy } from "../ceilings.ts";
import type { Deed } from "./deed.ts";
import { isCountedFirst } from "./may-be-held.ts";
import type { Session } from "./session.ts";
import type { ActionSides } from "./statement-action.ts";

interface Counted {
  readonly session: Session;
  readonly deed: Deed;
  readonly ceilings: Ceilings | null;
}

/** Rows are counted while they flow. What is more than there may be is told to `end`, which ends the session: what is open is rolled back. */
export function countedBy(
  { session, deed, ceilings }: Counted,
  end: (reason: string) => void,
): Pick<ActionSides, "onRows" | "onTag"> {
  const countsFirst = !session.isInBlock && ceilings !== null && isCountedFirst(deed, ceilings);
  const test = (within: Within | undefined): void => {
    const reason = within === undefined ? null : exceededBy(within);
    if (reason !== null) end(reason);
  };
  return {
    onRows: (count) => test(ceilings?.rows(count)),
    onTag: (tag) => {
      const within = countsFirst ? undefined : ceilings?.changed(changedRows(tag), performance.now());
      // The block goes with the session.
      if (within?.ok === false && session.server.status === "T") ceilings?.undone();
      test(within);
    },
  };
}
