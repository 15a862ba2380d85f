import type {
  ActPage,
  AgentView,
  ApprovalView,
  BrakeView,
  DeviceView,
  EntryPage,
  EntryView,
  HumanView,
  MandateView,
  Overview,
  Paged,
  PointDetail,
  Stopping,
  StopPreview,
  TaskView,
} from "@countersign/api";
import type { BrakeScope } from "@countersign/core";
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { get } from "./control-plane.ts";

/** Who is signed in: `GET /v1/me`. */
export interface Me {
  readonly human: { readonly id: string; readonly name: string; readonly roles: readonly string[] };
  readonly device: string | null;
  readonly expiresAt: string;
}

/**
 * What the console reads. The first part of a key is the kind of hint (`GET /v1/events`) that makes it stale, so a hint about an agent
 * reads again all that begins with `agent`.
 */
export const me = queryOptions({
  queryKey: ["human", "me"],
  queryFn: async ({ signal }) => await get<Me>("/v1/me", signal),
});

export const overview = queryOptions({
  queryKey: ["overview"],
  queryFn: async ({ signal }) => await get<Overview>("/v1/overview", signal),
  // The figures of the last hour move without any hint.
  refetchInterval: 30_000,
});

export const points = queryOptions({
  queryKey: ["point"],
  queryFn: async ({ signal }) => (await get<{ points: readonly PointDetail[] }>("/v1/points", signal)).points,
});

export type ApprovalState = ApprovalView["state"];
export const approvals = (state: ApprovalState | null) =>
  queryOptions({
    queryKey: ["approval", "list", state],
    queryFn: async ({ signal }) =>
      (await get<{ approvals: readonly ApprovalView[] }>(`/v1/approvals${query({ state })}`, signal)).approvals,
  });

export const approval = (id: string) =>
  queryOptions({
    queryKey: ["approval", "one", id],
    queryFn: async ({ signal }) => await get<ApprovalView>(`/v1/approvals/${encodeURIComponent(id)}`, signal),
  });

export const agents = (status: string | null) =>
  infiniteQueryOptions({
    queryKey: ["agent", "list", status],
    queryFn: async ({ signal, pageParam }) =>
      await get<Paged & { agents: readonly AgentView[] }>(
        `/v1/agents${query({ status, before: pageParam, reverse: "1" })}`,
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });

export const agent = (id: string) =>
  queryOptions({
    queryKey: ["agent", "one", id],
    queryFn: async ({ signal }) => await get<AgentView>(`/v1/agents/${encodeURIComponent(id)}`, signal),
  });

export const acts = (agentId: string, since: string | null) =>
  infiniteQueryOptions({
    queryKey: ["ledger", "acts", agentId, since],
    queryFn: async ({ signal, pageParam }) =>
      await get<ActPage>(
        `/v1/agents/${encodeURIComponent(agentId)}/acts${query({ since, before: pageParam, limit: "100" })}`,
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });

export const tasks = (filter: { readonly status: string | null; readonly agent?: string }) =>
  infiniteQueryOptions({
    queryKey: ["task", "list", filter],
    queryFn: async ({ signal, pageParam }) =>
      await get<Paged & { tasks: readonly TaskView[] }>(
        `/v1/tasks${query({ ...filter, before: pageParam, reverse: "1" })}`,
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });

export const task = (id: string) =>
  queryOptions({
    queryKey: ["task", "one", id],
    queryFn: async ({ signal }) => await get<TaskView>(`/v1/tasks/${encodeURIComponent(id)}`, signal),
  });

export const brakes = queryOptions({
  queryKey: ["brake", "list"],
  queryFn: async ({ signal }) =>
    (await get<{ brakes: readonly BrakeView[] }>("/v1/brakes?state=active", signal)).brakes,
});

/** A stop under way, then its receipt. */
export type StopState =
  | Stopping
  | (Omit<Stopping, "state"> & { readonly state: "stopped"; readonly settledAt: string });
export const stop = (id: string) =>
  queryOptions({
    queryKey: ["brake", "one", id],
    queryFn: async ({ signal }) => await get<StopState>(`/v1/brakes/${encodeURIComponent(id)}`, signal),
    // Each point's answer shows as it comes; a stop takes seconds at most.
    refetchInterval: ({ state }) => (state.data?.state === "stopped" ? false : 200),
  });

export const stopPreview = ({ type, value }: BrakeScope) =>
  queryOptions({
    queryKey: ["brake", "preview", type, value],
    queryFn: async ({ signal }) => await get<StopPreview>(`/v1/brakes/preview${query({ type, value })}`, signal),
    staleTime: 0,
  });

export const allBrakes = (state: "active" | "all") =>
  infiniteQueryOptions({
    queryKey: ["brake", "pages", state],
    queryFn: async ({ signal, pageParam }) =>
      await get<Paged & { brakes: readonly BrakeView[] }>(
        `/v1/brakes${query({ state, before: pageParam, limit: "50", reverse: "1" })}`,
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });

export const humans = queryOptions({
  queryKey: ["human", "list"],
  queryFn: async ({ signal }) => (await get<{ humans: readonly HumanView[] }>("/v1/humans?reverse=1", signal)).humans,
});

export const devices = queryOptions({
  queryKey: ["device", "list"],
  queryFn: async ({ signal }) =>
    (await get<{ devices: readonly DeviceView[] }>("/v1/devices?reverse=1", signal)).devices,
});

export const mandates = queryOptions({
  queryKey: ["mandate", "list"],
  queryFn: async ({ signal }) => (await get<{ mandates: readonly MandateView[] }>("/v1/mandates", signal)).mandates,
});

/** Entries of the ledger, newest first: all, or what a text asks for. */
export const entries = (filter: { readonly q: string | null; readonly kind: string | null }) =>
  infiniteQueryOptions({
    queryKey: ["ledger", "entries", filter],
    queryFn: async ({ signal, pageParam }) =>
      await get<EntryPage>(
        `/v1/ledger/entries${query({ ...filter, before: pageParam, limit: "50", reverse: "1", names: "1" })}`,
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });

/** An entry never changes. */
export const ledgerEntry = (id: string) =>
  queryOptions({
    queryKey: ["entry", id],
    queryFn: async ({ signal }) => await get<EntryView>(`/v1/ledger/entries/${encodeURIComponent(id)}`, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });

function query(members: Readonly<Record<string, string | null | undefined>>): string {
  const given = Object.entries(members).flatMap(([name, value]) => (value ? [[name, value]] : []));
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}
