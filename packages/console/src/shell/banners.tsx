import { Link } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { PlugZap, ShieldAlert, Snowflake } from "lucide-react";
import type { ReactElement } from "react";
import { useStreamState } from "../data/live.ts";
import { brakes, points } from "../data/queries.ts";

/** What has to be known on every page: old data, points that deny everything, a freeze of everything. */
export function Banners(): ReactElement {
  const stream = useStreamState();
  // One that has ended holds no lease and needs none.
  const lost = (useQuery(points).data ?? []).filter(({ lease, status }) => lease === "lost" && status !== "away");
  const frozen = useQuery(brakes).data?.find(({ kind, scope }) => kind === "freeze" && scope.type === "all");
  return (
    <div className="banners" aria-live="polite">
      {stream === "lost" && (
        <p className="banner" data-tone="warn">
          <PlugZap className="icon" aria-hidden />
          <span>
            <b>Not live.</b> The connection to the control plane is broken; what you see may be old. Trying again.
          </span>
        </p>
      )}
      {lost.length > 0 && (
        <p className="banner" data-tone="bad">
          <ShieldAlert className="icon" aria-hidden />
          <span>
            <b>{lost.map(({ name }) => name).join(", ")}</b> lost the lease and denies everything until it is back.
          </span>
        </p>
      )}
      {frozen !== undefined && (
        <p className="banner" data-tone="accent">
          <Snowflake className="icon" aria-hidden />
          <span>
            <b>Everything is frozen.</b> {frozen.reason}
          </span>
          <Link to="/freeze">Show the freeze</Link>
        </p>
      )}
    </div>
  );
}
