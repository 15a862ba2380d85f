import { Link } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import { PlugZap, ShieldAlert, Snowflake } from "lucide-react";
import type { ReactElement } from "react";
import { useStreamState } from "../data/live.ts";
import { brakes, points } from "../data/queries.ts";
import { ClockTime } from "../parts/when.tsx";

/** What has to be known on every page: old data, points that deny everything, a freeze of everything. */
export function Banners(): ReactElement {
  const stream = useStreamState();
  const lost = (useQuery(points).data ?? []).filter(({ lease }) => lease === "lost");
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
            No lease:{" "}
            {lost.map(({ id, name, lostSince }, at) => (
              <span key={id}>
                {at > 0 && ", "}
                <b>{name}</b>
                {lostSince !== null && (
                  <>
                    {" "}
                    since <ClockTime at={lostSince} />
                  </>
                )}
              </span>
            ))}
            . {lost.length === 1 ? "It denies everything until it has" : "They deny everything until they have"} one
            again.
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
