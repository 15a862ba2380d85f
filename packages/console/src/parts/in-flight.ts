const DISPOSITIONS: Readonly<Record<string, string>> = {
  not_sent: "not sent",
  rolled_back: "rolled back",
  withheld: "answer withheld",
  unknown: "sent before, may have happened",
};

/** What became of the actions that were on their way; never that what was sent was undone (INV-3). */
export function inFlightWords(inFlight: readonly { readonly disposition: string }[]): string {
  if (inFlight.length === 0) return "nothing in flight";
  return `in flight: ${inFlight.map(({ disposition }) => DISPOSITIONS[disposition] ?? disposition).join(", ")}`;
}
