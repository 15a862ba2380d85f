import { Link } from "@tanstack/react-router";
import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { overview } from "../data/queries.ts";
import { PLACES, type Place } from "./places.ts";

const GROUPS = ["Now", "Inventory", "Control", "Evidence"] as const;

/** Where one can go, with the number of what waits there. */
export function Rail({ onGo }: { readonly onGo?: () => void }): ReactElement {
  return (
    <nav className="rail" aria-label="Pages">
      {GROUPS.map((group) => (
        <section key={group}>
          <h2 className="rail-group">{group}</h2>
          <ul>
            {PLACES.filter((place) => place.group === group).map((place) => (
              <li key={place.to}>
                <RailLink place={place} {...(onGo === undefined ? {} : { onGo })} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}

function RailLink({ place, onGo }: { readonly place: Place; readonly onGo?: () => void }): ReactElement {
  const { data } = useQuery(overview);
  const waiting =
    place.to === "/approvals" ? data?.approvalsPending : place.to === "/freeze" ? data?.brakes : data?.tasksLive;
  const shown = ["/approvals", "/tasks", "/freeze"].includes(place.to) ? (waiting ?? 0) : 0;
  const urgent = place.to === "/tasks" ? undefined : "";
  return (
    <Link to={place.to} className="rail-link" activeOptions={{ exact: place.to === "/" }} onClick={onGo}>
      <place.icon className="icon" aria-hidden />
      {place.name}
      {shown > 0 && (
        <span className="rail-count number" data-urgent={urgent}>
          {shown}
          <span className="unseen">
            {" "}
            {place.to === "/tasks" ? "live" : place.to === "/freeze" ? "in force" : "waiting"}
          </span>
        </span>
      )}
    </Link>
  );
}
