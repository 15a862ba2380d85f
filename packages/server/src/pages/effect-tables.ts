import type { ApprovalDisplay, ShownEffect } from "@countersign/api";
import { html, type Html } from "./html.ts";

type Place = (path: string) => Html;

/** What a held call would do: a sentence, and for each relation how many rows, which, and some of them before and after. */
export function effectTables({ preview }: ApprovalDisplay, place: Place): Html | null {
  if (preview === undefined) return null;
  const { relations } = preview;
  return html`<h2>What it would do</h2>
    <p class="${relations.length === 0 ? "warning" : ""}">${place("preview.sentence")}</p>
    ${relations.map((effect, index) => relationTable(effect, `relation-${index}`, (path) => place(`preview.relations.${index}.${path}`)))}`;
}

/** Every text of it that came from outside. */
export function effectTexts({ preview }: ApprovalDisplay): readonly string[] {
  if (preview === undefined) return [];
  const each = ({ relation, keys, filledAtCommit, unseen, columns, rows }: ShownEffect): readonly string[] => [
    relation,
    keys,
    filledAtCommit,
    unseen,
    ...columns,
    ...rows.flatMap(({ values }) => values),
  ];
  return [preview.sentence, ...preview.relations.flatMap(each)];
}

function relationTable(
  { keys, filledAtCommit, unseen, columns, rows }: ShownEffect,
  heading: string,
  place: Place,
): Html {
  const sample = html`<div class="scroll" tabindex="0" role="region" aria-labelledby="${heading}">
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">Row</th>
          ${columns.map((_, at) => html`<th scope="col">${place(`columns.${at}`)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ values }, row) =>
            html`<tr>
              <th scope="row">${place(`rows.${row}.when`)}</th>
              ${values.map((_, at) => html`<td>${place(`rows.${row}.values.${at}`)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
  return html`<section>
    <h3 id="${heading}"><code>${place("relation")}</code>: ${place("effect")}</h3>
    ${rows.length > 0 && sample} ${unseen !== "" && html`<p class="hint">Not all rows are seen: ${place("unseen")}</p>`}
    ${keys !== "" && html`<p class="hint">Keys: <code>${place("keys")}</code></p>`}
    ${filledAtCommit !== "" && html`<p class="hint">Filled at commit, so not known yet: <code>${place("filledAtCommit")}</code></p>`}
    <p class="hint">All rows, by SHA-256: <code>${place("digest")}</code></p>
  </section>`;
}
