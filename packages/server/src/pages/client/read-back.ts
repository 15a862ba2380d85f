import { unmarked } from "./unmarked.ts";

/** What stands on the page: the text of each place, by the path of its member (`holds.0.reason`). */
export type Places = Iterable<readonly [path: string, shown: string]>;
type Members = Record<string, unknown>;

/**
 * The object that is displayed, read back from the page: its frame is `json`, every member that has a place is what stands there.
 * So the digest that is compared is the digest of what the person sees, not of what the server says it shows (INV-5).
 */
export function readBack(json: string, places: Places): Members {
  const display = JSON.parse(json) as Members;
  for (const [path, shown] of places) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    const holder = keys.reduce<Members>((from, key) => from[key] as Members, display);
    holder[last] = unmarked(shown);
  }
  return display;
}
