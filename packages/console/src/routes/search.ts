import { useSearch } from "@tanstack/react-router";

/** Search parameters of the pages: the address holds what is filtered and what is open. Whatever is not text of a sane length is dropped. */
const MOST = 1024;

type Raw = Readonly<Record<string, unknown>>;

/** What every list keeps in the address: the filter text and the row that is open. */
export interface ListSearch {
  readonly q?: string;
  readonly id?: string;
}

export function listSearch(raw: Raw): ListSearch {
  return { ...text(raw, "q"), ...text(raw, "id") };
}

export interface StateSearch extends ListSearch {
  readonly state?: string;
}

export function stateSearch(raw: Raw): StateSearch {
  return { ...listSearch(raw), ...text(raw, "state") };
}

export interface AgentSearch {
  readonly view?: string;
  readonly since?: string;
}

export function agentSearch(raw: Raw): AgentSearch {
  return { ...text(raw, "view"), ...text(raw, "since") };
}

function text<K extends string>(raw: Raw, name: K): { readonly [P in K]?: string } {
  const value = raw[name];
  const written = typeof value === "number" ? String(value) : value;
  if (typeof written !== "string" || written === "" || written.length > MOST) return {};
  return { [name]: written } as { readonly [P in K]?: string };
}

/** Search parameters of the page that is shown, as its kind of page knows them. */
export function useStateSearch(): StateSearch {
  return stateSearch(useSearch({ strict: false }));
}

export function useAgentSearch(): AgentSearch {
  return agentSearch(useSearch({ strict: false }));
}
