import type { ReactElement } from "react";
import { useNow } from "../data/now.ts";
import { ago, timeLeft } from "./ago.ts";

const MOVES_MS = 15_000;
const SOON_MS = 120_000;

/** A time, as distance from now; the time itself on hover and when the row has the focus. */
export function When({ at }: { readonly at: string }): ReactElement {
  const now = useNow(MOVES_MS);
  return (
    <time className="when" dateTime={at} data-at={absolute(at)}>
      {ago(Date.parse(at), now)}
    </time>
  );
}

/** A time as the clock on the wall showed it; of another day with its date. */
export function ClockTime({ at }: { readonly at: string }): ReactElement {
  const now = useNow(MOVES_MS);
  const then = new Date(at);
  const isToday = then.toDateString() === new Date(now).toDateString();
  return (
    <time dateTime={at}>
      {then.toLocaleString(undefined, { ...(isToday ? {} : { dateStyle: "medium" }), timeStyle: "short" })}
    </time>
  );
}

/** What is left until then, by the second. */
export function Countdown({ until }: { readonly until: string }): ReactElement {
  const now = useNow(1000);
  const end = Date.parse(until);
  return (
    <time
      className="when countdown"
      dateTime={until}
      data-at={absolute(until)}
      data-soon={end - now < SOON_MS ? "" : undefined}
    >
      {timeLeft(end, now)}
    </time>
  );
}

/** The time itself, in the reader's zone and language. */
export function absolute(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}
