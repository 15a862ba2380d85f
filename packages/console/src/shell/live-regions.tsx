import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useEffect, useRef } from "react";
import { announce, useAnnounced } from "../data/announce.ts";
import { approvals } from "../data/queries.ts";

/** What a screen reader hears: changes when it has a moment, a new approval at once and once. */
export function LiveRegions(): ReactElement {
  const { polite, assertive } = useAnnounced();
  useNewApprovals();
  return (
    <>
      <div className="unseen" aria-live="polite">
        {polite}
      </div>
      <div className="unseen" role="alert">
        {assertive}
      </div>
    </>
  );
}

function useNewApprovals(): void {
  const { data } = useQuery(approvals("pending"));
  const known = useRef<ReadonlySet<string> | null>(null);
  useEffect(() => {
    if (data === undefined) return;
    const seen = known.current;
    const fresh = seen === null ? [] : data.filter(({ id }) => !seen.has(id));
    known.current = new Set([...(seen ?? []), ...data.map(({ id }) => id)]);
    const newest = fresh[0];
    if (newest !== undefined) announce(`Waits for a signature: ${newest.display.sentence}`, "assertive");
  }, [data]);
}
