import type { ApprovalView } from "@countersign/api";
import { html, type Html } from "./html.ts";
import { icon } from "./icons.ts";
import { shownText } from "./shown-text.ts";

/** Who has signed and who must still, where one signature is not enough. */
export function progressOf({ progress }: ApprovalView): Html | null {
  if (progress.every(({ quorum }) => quorum === 1) && progress.length <= 1) return null;
  const rows = progress.map(({ policyId, approvers, quorum, signed }) => {
    const names = signed.map(({ name }, at) => html`${at > 0 && ", "}${shownText(name)}`);
    return html`<li>
      <code>${shownText(policyId)}</code> ${shownText(approvers)}:
      <b>${Math.min(signed.length, quorum)} of ${quorum} signed</b>${signed.length > 0 && html` (${names})`}
    </li>`;
  });
  return html`<section id="progress">
    <h2>Signatures</h2>
    <ul>
      ${rows}
    </ul>
  </section>`;
}

/** How many signatures there are: the page is made anew when another comes. */
export function signatures({ progress }: ApprovalView): number {
  return progress.reduce((sum, { signed }) => sum + signed.length, 0);
}

/** What the approver should know besides. */
export function notesOf({ notes }: ApprovalView): Html | null {
  if (notes.length === 0) return null;
  return html`${notes.map((note) => html`<p class="warning">${icon("warning")}<span>${shownText(note)}</span></p>`)}`;
}
