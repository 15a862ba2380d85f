import { EFFECTS, type JsonObject, isJsonObject } from "@countersign/core";
import { effectBadge } from "../effect-badge.ts";
import { html, type Html } from "../html.ts";
import { shownText } from "../shown-text.ts";
import { fact, said, textOf, texts } from "./fact.ts";

/** Effects whose tools are named: what can do harm that is not undone, or that nobody knows. */
const NAMED: readonly string[] = ["destructive", "external", "unknown"];
/** Tools that are named of one effect; the exact change below names all. */
const MOST_NAMED = 24;
const UNSAID = "not said";

/** A server as a signature puts it in force: how it is reached, and what its tools do. */
export function serverWords(server: JsonObject): Html {
  const { name, change, command, cwd, url, environment, headers, token, tools } = server;
  const words = texts(command);
  const start = html`<code>${shownText(words.join(" "))}</code> in <code>${said(cwd)}</code>`;
  const told = [...namesIn(environment), ...namesIn(headers), ...(token === undefined ? [] : ["a token"])];
  return html`<section class="card words">
    <h3>${said(name)} <small>${said(change)}</small></h3>
    <dl>
      ${words.length > 0 ? fact("Starts", start) : fact("At", html`<code>${said(url)}</code>`)}
      ${told.length > 0 && fact("Is given", names(told))} ${isJsonObject(tools) && fact("Tools", toolWords(tools))}
      ${isJsonObject(tools) && change !== "new" && changedWords(tools)}
    </dl>
  </section>`;
}

/** Counts by effect; the tools of a grave one by name. */
function toolWords(tools: JsonObject): Html {
  const byEffect = Map.groupBy(Object.keys(tools), (name) => effectOf(textOf(tools[name])));
  const lines = [...EFFECTS.toReversed(), UNSAID].flatMap((effect) => {
    const some = byEffect.get(effect);
    return some === undefined ? [] : [html`<li>${some.length} ${effectBadge(effect)} ${named(effect, some)}</li>`];
  });
  return html`<ul>
    ${lines.length > 0 ? lines : html`<li>none</li>`}
  </ul>`;
}

/** Tools of a server in force that would be something else than they are: what is signed of each, whole. */
function changedWords(tools: JsonObject): Html | null {
  const changed = Object.keys(tools).filter((name) => textOf(tools[name]).includes(", "));
  if (changed.length === 0) return null;
  const lines = changed.slice(0, MOST_NAMED).map((name) => html`<li>${names([name])} ${said(tools[name])}</li>`);
  const more = changed.length - MOST_NAMED;
  return fact(
    "Changes",
    html`<ul>
      ${lines}${more > 0 && html`<li>and ${more} more, all named below</li>`}
    </ul>`,
  );
}

/** The first word of what is signed of a tool: `destructive of file:{path}`. */
function effectOf(said: string): string {
  const word = said.split(/[ ,]/)[0] ?? "";
  return EFFECTS.some((effect) => effect === word) ? word : UNSAID;
}

function named(effect: string, tools: readonly string[]): Html | null {
  if (!NAMED.includes(effect) && effect !== UNSAID) return null;
  const more = tools.length - MOST_NAMED;
  return html`${names(tools.slice(0, MOST_NAMED))}${more > 0 && ` and ${more} more, all named below`}`;
}

function names(some: readonly string[]): Html {
  return html`${some.map((name, at) => html`${at > 0 && ", "}<code>${shownText(name)}</code>`)}`;
}

function namesIn(value: JsonObject[string] | undefined): readonly string[] {
  return isJsonObject(value) ? Object.keys(value) : [];
}
