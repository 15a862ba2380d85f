import { useCallback, useSyncExternalStore } from "react";

/** The time as all that move alike see it; it moves while somebody looks. */
class Clock {
  now = Date.now();
  private readonly watchers = new Set<() => void>();
  private readonly everyMs: number;
  private timer: number | undefined;

  constructor(everyMs: number) {
    this.everyMs = everyMs;
  }

  watch(changed: () => void): () => void {
    this.watchers.add(changed);
    this.timer ??= window.setInterval(() => this.move(), this.everyMs);
    return () => {
      this.watchers.delete(changed);
      if (this.watchers.size > 0) return;
      window.clearInterval(this.timer);
      this.timer = undefined;
    };
  }

  /** Somebody begins to look: what stood still meanwhile is moved on, unless that is nothing to see. */
  catchUp(): void {
    if (Date.now() - this.now >= this.everyMs) this.move();
  }

  private move(): void {
    this.now = Date.now();
    for (const changed of this.watchers) changed();
  }
}
const clocks = new Map<number, Clock>();

/** The time, moving every so many milliseconds; all that move alike share one timer. Epoch milliseconds. */
export function useNow(everyMs: number): number {
  const clock = clockOf(everyMs);
  const watch = useCallback(
    (changed: () => void) => {
      const end = clock.watch(changed);
      clock.catchUp();
      return end;
    },
    [clock],
  );
  return useSyncExternalStore(watch, () => clock.now);
}

function clockOf(everyMs: number): Clock {
  const clock = clocks.get(everyMs) ?? new Clock(everyMs);
  clocks.set(everyMs, clock);
  return clock;
}
