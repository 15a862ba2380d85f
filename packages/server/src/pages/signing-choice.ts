import type { ApprovalView, ShownBound } from "@countersign/api";
import { dataIsland, html, type Html } from "./html.ts";
import { time } from "./layout.ts";
import { shownText } from "./shown-text.ts";

/** How often a signature may count: the person's choice, or what was chosen by who signed first. Null: once. */
export function signingChoice(approval: ApprovalView): Html | null {
  if (approval.bound !== null) return agreed(approval, approval.bound);
  const begun = approval.progress.some(({ signed }) => signed.length > 0);
  return approval.task === null || begun ? null : choice(approval, approval.task);
}

function choice({ display }: ApprovalView, offer: ShownBound): Html {
  const free = offer.free.map(
    (name) =>
      html`<li>
        <label><input type="checkbox" name="free" value="${name}" /> <code>${shownText(name)}</code> may differ</label>
      </li>`,
  );
  return html`<fieldset id="scope">
    <legend>How often may it run?</legend>
    <label><input type="radio" name="scope" value="once" checked /> This call, once</label>
    <label><input type="radio" name="scope" value="task" /> Calls like it, for this task</label>
    <div id="bound" data-seconds="${offer.seconds}" hidden>
      <p>
        <label
          >Up to <input id="uses" type="number" min="1" max="${offer.uses}" value="${Math.min(5, offer.uses)}" /> calls
          in the ${offer.seconds / 60} minutes after you sign, of the same tool on the same resource:</label
        >
      </p>
      <p><code>${shownText(display.action)}</code> on <code>${shownText(display.resource)}</code></p>
      <ul>
        ${offer.fixed.map((name) => fixedLine(name))}${free}
      </ul>
      <p class="hint">What is not ticked must be just as shown above. No other argument may be added.</p>
    </div>
  </fieldset>`;
}

function fixedLine(name: string): Html {
  return html`<li data-fixed="${name}"><code>${shownText(name)}</code> stays as it is</li>`;
}

function agreed({ display }: ApprovalView, { uses, seconds, fixed, free }: ShownBound): Html {
  return html`<section class="bound">
    <h3>Signed for the task by who signed before you</h3>
    ${covers(display, { uses, seconds, fixed, free })} ${dataIsland("agreed", { uses, seconds, fixed, free })}
  </section>`;
}

/** What was signed for the task, and how much of it is used. */
export function usesLine({ bound, display }: ApprovalView): Html | null {
  if (bound === null) return null;
  return html`<section class="bound">
    <h2>Signed for the task</h2>
    ${covers(display, bound)}
    <p>${bound.used} of ${bound.uses} used, until ${time(bound.until)}.</p>
  </section>`;
}

function covers({ action, resource }: ApprovalView["display"], { uses, seconds, fixed, free }: ShownBound): Html {
  const list = (names: readonly string[]): Html =>
    names.length === 0 ? html`nothing` : html`${names.map((name) => html` <code>${shownText(name)}</code>`)}`;
  return html`<p>
      Up to ${uses} calls in ${seconds / 60} minutes of <code>${shownText(action)}</code> on
      <code>${shownText(resource)}</code>.
    </p>
    <p>Stays as shown:${list(fixed)}. May differ:${list(free)}. No other argument.</p>`;
}
