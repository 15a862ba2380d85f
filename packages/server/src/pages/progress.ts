import type { ApprovalView, SigningProgress } from "@countersign/api";
import { html, type Html } from "./html.ts";
import { icon } from "./icons.ts";
import { shownText } from "./shown-text.ts";

/** Who has signed and who must still, where one signature is not enough. Empty otherwise; the script keeps it up to date. */
export function progressOf(approval: ApprovalView): Html {
  const { progress } = approval;
  const one = progress.length <= 1 && progress.every(({ quorum }) => quorum === 1);
  const list = html`<h2>Signatures</h2>
    <ul class="signatures">
      ${progress.map((row) => hold(row))}
    </ul>`;
  return html`<section id="signatures" tabindex="-1" data-count="${signatures(approval)}">${!one && list}</section>`;
}

function hold({ policyId, approvers, quorum, signed }: SigningProgress): Html {
  const open = quorum - signed.length;
  const more = signed.length === 0 ? "nobody yet" : open === 1 ? "one more person" : `${open} more people`;
  return html`<li>
    <p><b>${Math.min(signed.length, quorum)} of ${quorum} signed</b> <code>${shownText(policyId)}</code></p>
    <p class="hint">Needs ${shownText(approvers)}.</p>
    <ul class="progress">
      ${signed.map(({ name }) => html`<li data-done>${shownText(name)}</li>`)}${open > 0 && html`<li>${more}</li>`}
    </ul>
  </li>`;
}

/** How many signatures there are. */
function signatures({ progress }: ApprovalView): number {
  return progress.reduce((sum, { signed }) => sum + signed.length, 0);
}

/** Whether this person has signed already. */
export function hasSigned({ progress }: ApprovalView, person: string): boolean {
  return progress.some(({ signed }) => signed.some(({ id }) => id === person));
}

/** What the approver should know besides. */
export function notesOf({ notes }: ApprovalView): Html {
  return html`${notes.map((note) => html`<p class="warning">${icon("warning")}<span>${shownText(note)}</span></p>`)}`;
}
