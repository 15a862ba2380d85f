import { type JsonObject, isJsonObject, readLimits } from "@countersign/core";
import { html, type Html } from "../html.ts";
import { shownText } from "../shown-text.ts";
import { fact, said, texts } from "./fact.ts";
import { limitWords } from "./limit-words.ts";

/** A database as a signature puts it in force, and what of it would become something else; null: it is none. */
export function databaseWords({ name, now, before }: JsonObject): Html | null {
  if (!isJsonObject(now) || now["kind"] !== "postgres") return null;
  const { url, tls, recording } = now;
  const former = isJsonObject(before) && before["kind"] === "postgres" ? before : null;
  const changed = (key: string): boolean =>
    former !== null && JSON.stringify(former[key] ?? null) !== JSON.stringify(now[key] ?? null);
  const line = (title: string, key: string, value: Html): Html =>
    fact(title, html`${value}${changed(key) && html` <small>otherwise than until now</small>`}`);
  const stands = (title: string, key: string, words: readonly Html[]): Html | false =>
    (words.length > 0 || changed(key)) && line(title, key, words.length > 0 ? listOf(words) : html`none any more`);
  return html`<h2>A database</h2>
    <section class="card words">
      <h3>${said(name)} <small>${former === null ? "new" : "changed"}</small></h3>
      <dl>
        ${line("At", "url", html`<code>${said(url)}</code>`)}
        ${line("Protected by", "tls", tls === "disable" ? html`nothing: it is on the same machine` : html`TLS`)}
        ${(Object.hasOwn(now, "ca") || changed("ca")) && line("Certificates", "ca", authorities(now))}
        ${line("Password", "password", now["password"] === null ? html`none` : html`kept apart, never shown`)}
        ${stands("Always held", "critical", codes(texts(now["critical"])))}
        ${stands(
          "At most",
          "limits",
          limitWords(readLimits(now["limits"]) ?? {}).map((words) => html`${words}`),
        )}
        ${stands("Masked", "masking", masks(now["masking"]))}
        ${recording === "batched" && line("Reads", "recording", html`recorded in batches: the last 50 ms may be lost`)}
      </dl>
    </section>`;
}

function authorities({ ca }: JsonObject): Html {
  return ca === undefined ? html`as the system trusts them` : html`from the authority below`;
}

function masks(value: JsonObject[string] | undefined): readonly Html[] {
  if (!isJsonObject(value)) return [];
  return Object.entries(value).map(([column, mask]) => html`<code>${shownText(column)}</code>: ${said(mask)}`);
}

function codes(names: readonly string[]): readonly Html[] {
  return names.map((name) => html`<code>${shownText(name)}</code>`);
}

function listOf(lines: readonly Html[]): Html {
  return html`<ul>
    ${lines.map((line) => html`<li>${line}</li>`)}
  </ul>`;
}
