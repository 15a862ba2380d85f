import type { Tally } from "../main.ts";
import { DEEP, type Expected, SEARCHES, type Search } from "./searches.ts";
import { type Found, missing, search } from "./spin.ts";

const WORDS: Readonly<Record<Expected, string>> = {
  holds: "holds",
  reached: "can happen",
  fails: "fails as it must",
};

/**
 * The model of the stop protocol: the protocol holds in every state, what makes that worth something can happen, and it fails as soon as any
 * one rule is left out. `--deep` searches larger forms instead; other options name the searches that are wanted by macros of theirs.
 */
export async function stopConformance(options: readonly string[]): Promise<Tally> {
  const absent = missing(process.env["PATH"] ?? "");
  if (absent !== null) {
    process.stdout.write(`FAIL the model was not searched: ${absent}\n`);
    return { passed: 0, failed: 1 };
  }
  const wanted = options.filter((option) => option !== "--deep");
  const all = options.includes("--deep") ? DEEP : SEARCHES;
  const waiting = all.filter(({ macros }) => wanted.every((macro) => macros.includes(macro)));
  let [passed, failed] = [0, waiting.length === 0 ? 1 : 0];
  const next = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const found = await search(one);
      if (found.fault === null) passed += 1;
      else failed += 1;
      process.stdout.write(`${told(one, found)}\n`);
    }
  };
  await Promise.all([next(), next()]);
  return { passed, failed };
}

function told({ title, macros, expected, boundedSeconds }: Search, { fault, states, seconds, depth }: Found): string {
  const how = boundedSeconds === undefined ? "" : ", bounded";
  const counts = `${states.toLocaleString("en")} states${how}, ${String(depth)} deep, ${seconds.toFixed(1)} s`;
  const outcome = fault === null ? `ok   ${WORDS[expected]}` : `FAIL ${fault}`;
  return `${outcome}: ${title} (${macros.join(" ")}): ${counts}`;
}
