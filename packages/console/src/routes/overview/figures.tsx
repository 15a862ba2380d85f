import type { Overview } from "@countersign/api";
import { Link, type LinkProps } from "@tanstack/react-router";
import type { ReactElement, ReactNode } from "react";
import { counted } from "../../parts/counted.ts";

/** Four numbers, each a link to what it counts. */
export function Figures({ overview }: { readonly overview: Overview }): ReactElement {
  const { agentsActive, tasksLive, approvalsPending, callsHeld, deniedLastHour, countedSince, minutes } = overview;
  const now = minutes.at(-1);
  const rate = now === undefined ? 0 : now.permit + now.hold + now.deny;
  const changes = approvalsPending - callsHeld;
  return (
    <ul className="figures">
      <Figure to="/agents" number={agentsActive} name="active agents" note="each with an owner and an end" />
      <Figure to="/tasks" number={tasksLive} name="live tasks" note={`${counted(rate, "decision")} this minute`} />
      <Figure
        to="/approvals"
        number={approvalsPending}
        name="waiting for a person"
        urgent={approvalsPending > 0}
        note={approvalsPending > 0 ? `${callsHeld} held, ${changes} proposed` : "nobody waits"}
      />
      <Figure
        to="/ledger"
        number={deniedLastHour}
        name="denied in the last hour"
        note={isShort(countedSince, overview) ? "counted since the last start" : "by policy, brake or missing right"}
      />
    </ul>
  );
}

interface FigureProps {
  readonly to: LinkProps["to"];
  readonly number: number;
  readonly name: string;
  readonly urgent?: boolean;
  readonly note?: ReactNode;
}

function Figure({ to, number, name, urgent, note }: FigureProps): ReactElement {
  return (
    <li>
      <Link to={to} className="figure card" data-urgent={urgent === true ? "" : undefined}>
        <span className="figure-number number">{number.toLocaleString()}</span>
        <span className="figure-name">{name}</span>
        {note !== undefined && <span className="figure-note">{note}</span>}
      </Link>
    </li>
  );
}

/** Less than the whole hour was counted. */
function isShort(countedSince: string, { minutes }: Overview): boolean {
  const first = minutes[0];
  return first !== undefined && Date.parse(countedSince) > Date.parse(first.at) + 60_000;
}
