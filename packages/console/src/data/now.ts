import { useSyncExternalStore } from "react";

interface Clock {
  readonly watchers: Set<() => void>;
  readonly timer: number;
  now: number;
}
const clocks = new Map<number, Clock>();

/** The time, moving every so many milliseconds; all that move alike share one timer. Epoch milliseconds. */
export function useNow(everyMs: number): number {
  return useSyncExternalStore(
    (changed) => {
      const clock = clockOf(everyMs);
      clock.watchers.add(changed);
      return () => {
        clock.watchers.delete(changed);
        if (clock.watchers.size > 0) return;
        window.clearInterval(clock.timer);
        clocks.delete(everyMs);
      };
    },
    () => clockOf(everyMs).now,
  );
}

function clockOf(everyMs: number): Clock {
  const known = clocks.get(everyMs);
  if (known !== undefined) return known;
  const timer = window.setInterval(() => {
    clock.now = Date.now();
    for (const changed of clock.watchers) changed();
  }, everyMs);
  const clock: Clock = { watchers: new Set(), timer, now: Date.now() };
  clocks.set(everyMs, clock);
  return clock;
}
