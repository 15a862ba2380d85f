import type { StopPoint } from "@countersign/api";
import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleDashed, LoaderCircle, TimerOff } from "lucide-react";
import { type ReactElement, useEffect } from "react";
import { announce } from "../data/announce.ts";
import { type StopState, stop } from "../data/queries.ts";
import { inFlightWords } from "./in-flight.ts";
import { ProblemNotice } from "./problem-notice.tsx";
import { namedPoints } from "./stop-points.ts";

/** A stop as it happens: requested, confirmed by n of m points, stopped. It says no more than the points have confirmed (INV-3). */
export function StopProgress({ id }: { readonly id: string }): ReactElement {
  const { data, error, refetch } = useQuery(stop(id));
  const points = data?.points ?? [];
  const confirmed = points.filter(({ how }) => how !== null).length;
  const stopped = data?.state === "stopped";
  const words = stopped ? "Stopped" : `Confirmed by ${confirmed} of ${points.length} enforcement points`;
  useEffect(() => {
    if (data !== undefined) announce(words);
  }, [words, data]);
  if (error !== null) return <ProblemNotice error={error} onRetry={() => void refetch()} />;
  return (
    <div className="stop" data-stopped={stopped ? "" : undefined}>
      <p className="stop-headline">
        {stopped ? <CircleCheck className="icon" aria-hidden /> : <LoaderCircle className="icon spin" aria-hidden />}
        {data === undefined ? "Requested" : words}
      </p>
      {data !== undefined && <StopLines stop={data} />}
    </div>
  );
}

function StopLines({ stop: { requestedAt, points, ...end } }: { readonly stop: StopState }): ReactElement {
  const settledAt = end.state === "stopped" ? end.settledAt : null;
  const leasesEndAt = end.state === "stopped" ? null : end.leasesEndAt;
  const { named, confirmed, waiting } = namedPoints(points);
  return (
    <ol className="stop-points">
      <Line done words="Requested" at={requestedAt} />
      {named.map((point) => (
        <PointLine key={point.id} point={point} leasesEndAt={leasesEndAt} />
      ))}
      {waiting > 0 && <Line done={false} words={`${String(waiting)} more are waited for`} at={null} />}
      {confirmed > 0 && <Line done words={`${String(confirmed)} more have confirmed`} at={null} />}
      <Line done={settledAt !== null} words="Stopped" at={settledAt} />
    </ol>
  );
}

interface LineProps {
  readonly done: boolean;
  readonly words: string;
  readonly at: string | null;
}

function Line({ done, words, at }: LineProps): ReactElement {
  const Icon = done ? CircleCheck : CircleDashed;
  return (
    <li data-done={done ? "" : undefined}>
      <Icon className="icon" aria-hidden />
      <span>{words}</span>
      {at !== null && <time dateTime={at}>{clockTime(at)}</time>}
    </li>
  );
}

interface PointLineProps {
  readonly point: StopPoint;
  readonly leasesEndAt: string | null;
}

function PointLine({ point: { name, how, at, inFlight }, leasesEndAt }: PointLineProps): ReactElement {
  const Icon = how === null ? CircleDashed : how === "acknowledged" ? CircleCheck : TimerOff;
  const words = how === null ? waitingWords(leasesEndAt) : how === "acknowledged" ? "confirmed" : "its lease ran out";
  return (
    <li data-done={how === null ? undefined : ""}>
      <Icon className="icon" aria-hidden />
      <span>
        <b>{name}</b> {words}
        {how !== null && `, ${inFlightWords(inFlight)}`}
      </span>
      {at !== null && <time dateTime={at}>{clockTime(at)}</time>}
    </li>
  );
}

/** A point that is silent stops by itself: without a renewal its lease ends. */
function waitingWords(leasesEndAt: string | null): string {
  const ends = leasesEndAt === null ? "" : `; silent, it has lost its lease at ${clockTime(leasesEndAt)}`;
  return `waiting for its answer${ends}`;
}

/** The second counts here, and the part of it. */
function clockTime(at: string): string {
  const time = new Date(at);
  return `${time.toLocaleTimeString(undefined, { hour12: false })}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}
