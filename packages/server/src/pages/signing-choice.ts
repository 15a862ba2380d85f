import type { ApprovalView, ShownBound } from "@countersign/api";
import { usesWords } from "./client/bound-words.ts";
import { dataIsland, html, type Html } from "./html.ts";
import { time } from "./layout.ts";
import { shownText } from "./shown-text.ts";

/** How many calls are offered first. */
const FIRST_OFFER = 5;

/** How often a signature may count: the person's choice, or what was chosen by who signed first. Empty: once. */
export function signingChoice(approval: ApprovalView): Html {
  const begun = approval.progress.some(({ signed }) => signed.length > 0);
  const offer = begun ? null : approval.task;
  const chosen = approval.bound === null ? null : agreed(approval, approval.bound);
  return html`<div id="choice">${chosen ?? (offer && choice(approval, offer))}</div>`;
}

function choice(approval: ApprovalView, offer: ShownBound): Html {
  return html`<fieldset id="scope">
    <legend>How often may it run?</legend>
    <label class="option"><input type="radio" name="scope" value="once" checked /> This call, once</label>
    <label class="option"><input type="radio" name="scope" value="task" /> Calls like it, for this task</label>
    <div id="bound" data-seconds="${offer.seconds}" hidden>
      ${same(approval)}
      <p class="uses">
        <label for="uses">How many calls</label>
        <input
          id="uses"
          type="number"
          inputmode="numeric"
          min="1"
          max="${offer.uses}"
          value="${Math.min(FIRST_OFFER, offer.uses)}"
        />
        <span class="hint">at most ${offer.uses}, for ${offer.seconds / 60} minutes after you sign</span>
      </p>
      <ul class="names">
        ${offer.fixed.map((name) => fixedLine(name))}${offer.free.map((name) => freeLine(name))}
      </ul>
      <p class="covered" id="covered" role="status"></p>
    </div>
  </fieldset>`;
}

function same({ display: { action, resource } }: ApprovalView): Html {
  return html`<p>Only <code>${shownText(action)}</code> on <code>${shownText(resource)}</code>.</p>`;
}

function fixedLine(name: string): Html {
  return html`<li data-fixed="${name}"><code>${shownText(name)}</code> stays as shown: it names the resource</li>`;
}

function freeLine(name: string): Html {
  return html`<li>
    <label class="option"
      ><input type="checkbox" name="free" value="${name}" />
      <span><code>${shownText(name)}</code> may be anything</span></label
    >
  </li>`;
}

function agreed(approval: ApprovalView, bound: ShownBound): Html {
  const { uses, seconds, fixed, free } = bound;
  return html`<section class="bound">
    <h3>Who signed before you chose: calls like it, for this task</h3>
    ${same(approval)} ${covered(bound)} ${dataIsland("agreed", { uses, seconds, fixed, free })}
  </section>`;
}

function covered(bound: ShownBound): Html {
  const { fixed, free } = bound;
  return html`<p>${usesWords(bound)}</p>
    <p>${named("Just as shown", fixed)}${named("May be anything", free)}No other argument.</p>`;
}

function named(what: string, names: readonly string[]): Html | null {
  if (names.length === 0) return null;
  return html`${what}: ${names.map((name, at) => html`${at > 0 && ", "}<code>${shownText(name)}</code>`)}. `;
}

/** What was signed for the task, and how much of it is used. */
export function usesOf(approval: ApprovalView): Html | null {
  const { bound, state } = approval;
  if (bound === null || state === "pending") return null;
  return html`<h2>Signed for the task</h2>
    <div class="card">
      ${same(approval)} ${covered(bound)}
      <p><b>${bound.used} of ${bound.uses} used</b>, until ${time(bound.until)}.</p>
    </div>`;
}
