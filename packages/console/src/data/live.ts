import type { Hint } from "@countersign/api";
import type { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { me } from "./queries.ts";

/** `live`: hints arrive. `lost`: what is shown may be old, and the page says so. */
export type StreamState = "connecting" | "live" | "lost";

/** Hints that come together are read again together. */
const GATHER_MS = 60;
const RETRY_MS = 2000;

let state: StreamState = "connecting";
const watchers = new Set<() => void>();

/** State of the event stream, for whoever shows it. */
export function useStreamState(): StreamState {
  return useSyncExternalStore(
    (changed) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    () => state,
  );
}

/**
 * Listens to `GET /v1/events` and marks stale what each hint is about. The browser resumes a broken stream with `Last-Event-ID`;
 * where it gives up (an answer that is no stream), it is opened anew and everything is read again. Returns how to stop.
 */
export function listen(client: QueryClient): () => void {
  let source: EventSource | null = null;
  let retry: number | undefined;
  const open = (): void => {
    source = new EventSource("/v1/events");
    source.onopen = () => {
      if (state === "lost") readAgain(client);
      become("live");
    };
    source.onmessage = ({ data }: MessageEvent<string>) => gather(client, data);
    source.onerror = () => {
      become("lost");
      if (source?.readyState !== EventSource.CLOSED) return;
      // A session that has ended shows itself at the next reading, which leads to the sign-in page.
      readAgain(client, me.queryKey);
      retry = window.setTimeout(open, RETRY_MS);
    };
  };
  open();
  return () => {
    window.clearTimeout(retry);
    source?.close();
  };
}

function become(next: StreamState): void {
  if (state === next) return;
  state = next;
  for (const changed of watchers) changed();
}

const gathered = new Set<string>();
let timer: number | undefined;

function gather(client: QueryClient, data: string): void {
  gathered.add((JSON.parse(data) as Hint).kind);
  timer ??= window.setTimeout(() => {
    timer = undefined;
    const kinds = [...gathered];
    gathered.clear();
    if (kinds.includes("everything")) readAgain(client);
    else for (const kind of [...kinds, "overview"]) readAgain(client, [kind]);
  }, GATHER_MS);
}

/** Everything, or what begins with this key. A reading that fails shows itself where it is shown. */
const readAgain = (client: QueryClient, queryKey?: readonly string[]): void =>
  void client.invalidateQueries(queryKey === undefined ? {} : { queryKey });
