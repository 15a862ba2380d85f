import type { ApprovalDisplay, ApprovalView } from "@countersign/api";
import { type Part, type Run, marked, partsOf, warnings } from "@countersign/core";
import { gateOf, isOpen, nextLabel } from "./client/gate.ts";
import { type Ended, outcomeOf, pendingLine, words } from "./approval-state.ts";
import { effectBadge } from "./effect-badge.ts";
import { effectTables, effectTexts } from "./effect-tables.ts";
import { dataIsland, html, type Html } from "./html.ts";
import { icon } from "./icons.ts";
import { changeWords } from "./in-words/change-words.ts";
import { document, messages, withoutPasskey } from "./layout.ts";
import { renderProblem } from "./problem.ts";
import { hasSigned, notesOf, progressOf } from "./progress.ts";
import { onPhone } from "./qr-code.ts";
import { shownRows, shownText } from "./shown-text.ts";
import { renderSignIn } from "./sign-in.ts";
import { signingChoice, usesOf } from "./signing-choice.ts";
import type { ApprovalPageView } from "./views.ts";

/** `/approve/{id}`: everything that is shown comes from `display`, the object that is hashed and signed. */
export function renderApproval(view: ApprovalPageView): string {
  const { signedIn, phoneUrl } = view;
  if (signedIn === null) return renderSignIn({ next: `/approve/${view.id}`, signedIn, phoneUrl });
  const { approval } = view;
  if (approval === null && view.ended !== undefined) return renderEnded(view, view.ended);
  if (approval === null && view.changed !== undefined)
    return renderProblem({ status: 409, title: "This cannot be signed as it is", detail: view.changed, remedy: null });
  if (approval === null) {
    const detail =
      "There is no approval with this address, or it is not yours to see. Look at what waits for you in the overview.";
    return renderProblem({ status: 404, title: "Nothing to approve here", detail, remedy: null });
  }
  const { display, state } = approval;
  const parts = partsOf(display.content);
  const body = html`<div
    id="approval"
    data-id="${approval.id}"
    data-state="${state}"
    data-human="${signedIn.id}"
    data-now="${view.now}"
    data-expires="${approval.expiresAt}"
  >
    ${state === "pending" ? pendingLine(view, approval) : outcomeOf(view, ended(approval))}
    <h1>${place(display, "sentence")}</h1>
    ${notesOf(approval)} ${warning(display, parts)} ${changeWords(display)} ${chain(display)}
    ${effectTables(display, (path) => place(display, path))} ${reasons(approval)} ${progressOf(approval)}
    ${usesOf(approval)} ${exact(display, parts)} ${state === "pending" ? actions(view, approval, parts.length) : null}
    ${covers(display)} ${state === "pending" ? dataIsland("display", { ...display, content: "" }) : null}
  </div>`;
  const title = `${words(ended(approval))[0]}: ${display.action}`;
  return document({ page: "approve", title, signedIn, body });
}

function ended({ state, display, bound }: ApprovalView): Ended {
  return { state, subject: display.subject, forTask: bound !== null };
}

/** How it ended is known, what it showed is not. */
function renderEnded(view: ApprovalPageView, { state, action }: NonNullable<ApprovalPageView["ended"]>): string {
  const subject = action.includes(":") ? "call" : "change";
  const body = html`<div id="approval">
    ${outcomeOf(view, { state, subject, forTask: false })}
    <h1>${shownText(action)}</h1>
    <p class="lead">What it showed is no longer kept here. The ledger keeps what was signed.</p>
    <p><a href="/">Open the overview</a></p>
  </div>`;
  const title = `${words({ state, subject, forTask: false })[0]}: ${action}`;
  return document({ page: "approve", title, signedIn: view.signedIn, body });
}

function chain(display: ApprovalDisplay): Html {
  const links = (["human", "device", "agent", "task"] as const).filter((link) => display[link] !== null);
  return html`<dl class="chain">
    ${links.map((link) => row(link, html`<b>${place(display, `${link}.name`)}</b> <code>${place(display, `${link}.id`)}</code>`, "link"))}${row("action", html`<code class="big">${place(display, "action")}</code>`, "link")}${resourceRows(display)}${row("effect", effectBadge(display.effect, place(display, "effect")))}
  </dl>`;
}

/** All that a call touches, each with its own place: what is signed is what stands here. */
function resourceRows(display: ApprovalDisplay): Html {
  const line = (path: string): Html => html`<code class="big">${place(display, path)}</code>`;
  const all = display.resources?.map((_, index) => html`<div>${line(`resources.${index}`)}</div>`) ?? null;
  return html`${row("resource", line("resource"))}${all && row("all resources", html`${all}`)}`;
}

function row(name: string, value: Html, kind = ""): Html {
  return html`<div class="${kind}">
    <dt>${name.charAt(0).toUpperCase() + name.slice(1)}</dt>
    <dd>${value}</dd>
  </div>`;
}

function reasons({ display, state }: ApprovalView): Html {
  const lines = display.holds.map(
    (_, index) =>
      html`<li>
        ${place(display, `holds.${index}.reason`)} <code>${place(display, `holds.${index}.policyId`)}</code>
      </li>`,
  );
  const always = display.subject === "change" && html`<li>What widens rights or lifts a stop needs a signature.</li>`;
  return html`<h2>${state === "pending" ? "Why it waits" : "Why it waited"}</h2>
    <ul class="reasons">
      ${lines.length > 0 ? lines : always}
    </ul>`;
}

/** What a reader must know before they believe their eyes; above everything that it is about. */
function warning(display: ApprovalDisplay, parts: readonly Part[]): Html | null {
  const odd = warnings(allRuns(display, parts));
  if (odd.length === 0) return null;
  return html`<p class="warning">
    ${icon("warning")}<span
      >Look closely: ${odd.join(", ")}. Each is marked with its code, like <mark>⟨U+202E⟩</mark>.</span
    >
  </p>`;
}

function exact(display: ApprovalDisplay, parts: readonly Part[]): Html {
  const size = `${display.content.length.toLocaleString("en")} characters`;
  const gate = gateOf(parts.length);
  const more = html`<button type="button" id="next-part" ${isOpen(gate) && html`hidden`}>${nextLabel(gate)}</button>`;
  return html`<h2>
      ${display.subject === "call" ? "Exact arguments" : "Exact change"}
      <small>${size}${parts.length > 1 ? ` in ${parts.length} parts` : ""}</small>
    </h2>
    <div class="content" data-from="content">${parts.map(part)}</div>
    ${more}`;
}

function part(rows: Part, index: number): Html {
  return html`<div class="part" tabindex="-1" ${index > 0 && html`hidden`}>${shownRows(rows)}</div>`;
}

function actions(view: ApprovalPageView, approval: ApprovalView, total: number): Html {
  const { id, name } = view.signedIn ?? { id: "", name: "" };
  if (!view.mayAnswer) {
    const why = hasSigned(approval, id)
      ? html`You have signed this. It runs when everybody whom it needs has signed.`
      : html`Only ${shownText(view.approver)} may answer this. You are signed in as ${shownText(name)}.`;
    return html`<div class="card"><p>${why}</p></div>`;
  }
  return html`${withoutPasskey(view.phoneUrl)}
    <section class="card" aria-label="Your answer" data-needs-passkey>
      <p class="hint">You sign as <b>${shownText(name)}</b>.</p>
      ${signingChoice(approval)}
      <div class="answers">
        <button class="primary" type="button" id="approve" disabled ${total > 1 && html`aria-describedby="unread"`}>
          Approve</button
        ><button type="button" id="deny">Deny</button>
      </div>
      <p class="hint" id="unread" ${total <= 1 && html`hidden`}>Approve opens when all ${total} parts were shown.</p>
      <form id="denial" hidden>
        <label for="reason">Why not? <span class="hint">Optional; the agent reads it.</span></label
        ><textarea id="reason" maxlength="500" rows="2" autocomplete="off"></textarea
        ><button class="danger" type="submit" id="deny-now">Deny with passkey</button>
      </form>
      ${messages()}
    </section>
    ${onPhone(view.phoneUrl)}`;
}

function covers(display: ApprovalDisplay): Html {
  const policies = display.holds.map(
    (_, index) =>
      html`<div>
        <dt>${place(display, `holds.${index}.policyId`)}</dt>
        <dd><code>${place(display, `holds.${index}.policyHash`)}</code></dd>
      </div>`,
  );
  const commitment = html`<div>
    <dt>Arguments</dt>
    <dd><code>${place(display, "argsCommitment")}</code></dd>
  </div>`;
  return html`<details>
    <summary>What a signature covers</summary>
    <p>Everything above, by SHA-256. These digests are part of it.</p>
    <dl class="digests">${display.argsCommitment !== null && commitment}${policies}</dl>
  </details>`;
}

/** A place whose text the page's script reads back into the object that it hashes (INV-5). */
function place(display: ApprovalDisplay, path: string): Html {
  const value = path
    .split(".")
    .reduce<unknown>((from, key) => (from as Readonly<Record<string, unknown>>)[key], display);
  return html`<span data-from="${path}">${shownText(String(value))}</span>`;
}

function allRuns(display: ApprovalDisplay, parts: readonly Part[]): readonly Run[] {
  const { sentence, human, device, agent, task, action, resource, resources = [], effect, holds } = display;
  const names = [human, device, agent, task].flatMap((named) => (named === null ? [] : [named.id, named.name]));
  const reasons = holds.flatMap(({ policyId, reason }) => [policyId, reason]);
  const fields = [
    sentence,
    action,
    resource,
    ...resources,
    effect,
    ...names,
    ...reasons,
    ...effectTexts(display),
  ].flatMap((text) => [...marked(text)]);
  return [...fields, ...parts.flat().flatMap(({ tokens }) => tokens.flatMap((token) => [...token.runs]))];
}
