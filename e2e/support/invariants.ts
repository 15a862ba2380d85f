import type { TestOptions } from "vitest";

/** The invariants of docs/threat-model.md. */
export const INVARIANTS = [
  "INV-1",
  "INV-2",
  "INV-3",
  "INV-4",
  "INV-5",
  "INV-6",
  "INV-7",
  "INV-8",
  "INV-9",
  "INV-10",
  "INV-11",
  "INV-12",
] as const;
export type Invariant = (typeof INVARIANTS)[number];

/**
 * Marks a test as one that would be red if these invariants did not hold: `it("…", verifies("INV-3"), async () => …)`.
 * `e2e/invariants.test.ts` fails when an invariant is cited by no test.
 */
export function verifies(..._ids: readonly [Invariant, ...Invariant[]]): TestOptions {
  return {};
}
