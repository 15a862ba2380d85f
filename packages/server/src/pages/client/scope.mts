import { type ChosenBound, choiceWords } from "./bound-words.ts";
import { byId, need } from "./elements.mts";

/** How often the signature may count, as it stands on the page now. Null: once. */
export function chosenBound(): ChosenBound | null {
  const agreed = byId("agreed");
  if (agreed !== null) return JSON.parse(agreed.textContent) as ChosenBound;
  if (byId("scope") === null || !isForTask()) return null;
  const free = [...document.querySelectorAll<HTMLInputElement>("[name=free]:checked")].map(({ value }) => value);
  const names = [...document.querySelectorAll<HTMLInputElement>("[name=free]")].map(({ value }) => value);
  const always = [...document.querySelectorAll<HTMLElement>("[data-fixed]")].map((line) => line.dataset["fixed"] ?? "");
  const fixed = [...always, ...names.filter((name) => !free.includes(name))].sort();
  return { uses: usesIn(), seconds: Number(need("bound").dataset["seconds"]), fixed, free: free.sort() };
}

/** Follows the person's choice: what it covers stands there in words. */
export function followScope(): void {
  document.addEventListener("input", show);
  show();
}

function show(): void {
  if (byId("scope") === null) return;
  need("bound").hidden = !isForTask();
  const bound = chosenBound();
  if (bound !== null) need("covered").textContent = choiceWords(bound);
}

function isForTask(): boolean {
  return document.querySelector<HTMLInputElement>("[name=scope]:checked")?.value === "task";
}

/** A whole number that may be signed, whatever was typed. */
function usesIn(): number {
  const { valueAsNumber, max } = need("uses") as HTMLInputElement;
  return Number.isFinite(valueAsNumber) ? Math.min(Math.max(1, Math.floor(valueAsNumber)), Number(max)) : 1;
}
