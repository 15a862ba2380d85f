import { useSyncExternalStore } from "react";

/** A choice of this browser, kept in `localStorage`: nothing that widens or shows anything, only how the console behaves. */
export interface Preference {
  readonly get: () => boolean;
  readonly set: (value: boolean) => void;
  readonly use: () => boolean;
}

function preference(name: string, initial: boolean): Preference {
  const key = `countersign.${name}`;
  const watchers = new Set<() => void>();
  const get = (): boolean => (localStorage.getItem(key) ?? String(initial)) === "true";
  const set = (value: boolean): void => {
    localStorage.setItem(key, String(value));
    for (const changed of watchers) changed();
  };
  const watch = (changed: () => void): (() => void) => {
    watchers.add(changed);
    return () => watchers.delete(changed);
  };
  return { get, set, use: () => useSyncExternalStore(watch, get) };
}

/** WCAG 2.1.4: shortcuts of a single letter can be switched off. */
export const singleKeys: Preference = preference("singleKeys", true);
