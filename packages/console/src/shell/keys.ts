import { useEffect, useRef } from "react";
import { singleKeys } from "../data/preference.ts";

type Act = () => void;

/** What the keys do now, the newest last: an open panel takes a key from the list behind it. */
const bound = new Map<string, Act[]>();
/** How long `g` waits for its letter. */
const CHORD_MS = 1500;

/** Binds a key (`"/"`, `"j"`, `"g o"`, `"Enter"`) while the component is there and `act` is given. */
export function useKey(key: string, act: Act | null): void {
  const current = useRef(act);
  current.current = act;
  const on = act !== null;
  useEffect(() => {
    if (!on) return;
    const run: Act = () => current.current?.();
    bound.set(key, [...(bound.get(key) ?? []), run]);
    return () => {
      bound.set(
        key,
        (bound.get(key) ?? []).filter((other) => other !== run),
      );
    };
  }, [key, on]);
}

/** Listens to the keyboard; once for the whole page. Returns how to stop. */
export function listenToKeys(): () => void {
  let chordUntil = 0;
  const onKey = (event: KeyboardEvent): void => {
    if (isForOthers(event) || (event.key.length === 1 && !singleKeys.get())) return;
    const chord = event.timeStamp < chordUntil;
    chordUntil = !chord && event.key === "g" ? event.timeStamp + CHORD_MS : 0;
    const act = bound.get(chord ? `g ${event.key}` : event.key)?.at(-1);
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  window.addEventListener("keydown", onKey);
  return () => window.removeEventListener("keydown", onKey);
}

function isForOthers(event: KeyboardEvent): boolean {
  return event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isBusy(event);
}

/** Typing, an open dialog or menu, and Enter on something that takes it keep their keys. */
function isBusy({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return true;
  if (document.querySelector('[role="dialog"][aria-modal="true"], [role="menu"]') !== null) return true;
  return key === "Enter" && /^(A|BUTTON|SUMMARY)$/.test(target.tagName);
}
