import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import type { StateSearch } from "../routes/search.ts";

export interface ListAddress {
  /** Changes filter or state; the open row goes with the state. */
  readonly onSearch: (change: { readonly q?: string; readonly state?: string }) => void;
  readonly onOpen: (id: string) => void;
  readonly onClose: () => void;
}

/** Keeps a list's filter, state and open row in the address: typing replaces it, opening a row is a step that one can go back. */
export function useListAddress(search: StateSearch): ListAddress {
  const navigate = useNavigate();
  const go = useCallback(
    (next: StateSearch, replace: boolean) => void navigate({ to: ".", search: given(next), replace }),
    [navigate],
  );
  const { id, ...others } = search;
  return {
    onSearch: (change) => go("state" in change ? { ...others, ...change } : { ...search, ...change }, true),
    onOpen: (next) => go({ ...others, id: next }, id !== undefined),
    onClose: () => go(others, false),
  };
}

function given(search: StateSearch): StateSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined && value !== ""));
}
