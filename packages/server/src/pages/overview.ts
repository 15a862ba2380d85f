import type { ApprovalView, Named } from "@countersign/api";
import { effectBadge } from "./approval.ts";
import { html, type Html } from "./html.ts";
import { icon } from "./icons.ts";
import { commands, document, messages, time } from "./layout.ts";
import { shownText } from "./shown-text.ts";
import type { BrakeRow, OverviewView, TaskRow } from "./views.ts";

/** `/`: what waits, what runs, what stands still, and how to stop. */
export function renderOverview(view: OverviewView): string {
  const frozen = view.brakes.find(({ kind, scope }) => kind === "freeze" && scope.type === "all");
  const body = html`${headline(view, frozen)} ${messages()}
    ${
      view.next.length > 0 &&
      html`<section id="next" data-live>
        <h2>Next</h2>
        ${commands(view.next)}
      </section>`
    }
    <div class="columns">
      <div>${approvals(view.approvals)}${tasks(view.tasks)}</div>
      <div>${freeze(view.points)}${brakes(view.brakes)}</div>
    </div>
    ${severDialog()}`;
  const title = frozen ? "Frozen" : view.approvals.length > 0 ? `${view.approvals.length} waiting` : "Overview";
  return document({ page: "overview", title, signedIn: view.signedIn, width: "wide", body });
}

function headline({ approvals: waiting, tasks: live }: OverviewView, frozen: BrakeRow | undefined): Html {
  if (frozen === undefined) {
    const text = `${count(waiting.length, "approval")} waiting, ${count(live.length, "task").toLowerCase()} live`;
    return html`<div id="headline" data-live>
      <h1>${text}</h1>
      <p class="jump"><a href="#freeze-reason">Freeze everything</a></p>
    </div>`;
  }
  return html`<div id="headline" data-live>
    <h1>Everything is frozen</h1>
    <div class="frozen">
      ${icon("freeze")}
      <p>Since ${time(frozen.at)}, by ${shownText(frozen.by)}: <span class="t">“${shownText(frozen.reason)}”</span></p>
      ${lift(frozen, "everything")}
    </div>
  </div>`;
}

/** A thaw loosens, so it leads to an approval (INV-12). */
function lift({ id, thawApproval }: BrakeRow, what: string): Html {
  return thawApproval === null
    ? html`<button class="small" type="button" data-thaw="${id}" aria-label="Thaw ${what}">Thaw</button>`
    : html`<a class="small button" href="/approve/${thawApproval}">Sign the thaw</a>`;
}

function count(number: number, noun: string): string {
  return `${number === 0 ? "No" : number} ${noun}${number === 1 ? "" : "s"}`;
}

function approvals(list: readonly ApprovalView[]): Html {
  const rows = list.map(
    ({ id, display, expiresAt }) =>
      html`<li>
        <a class="row" href="/approve/${id}"
          ><span class="t">${shownText(display.sentence)}</span
          ><span class="meta">${effectBadge(display.effect)}<span>until ${time(expiresAt)}</span></span></a
        >
      </li>`,
  );
  return section({ id: "waiting", heading: "Waits for a signature", rows, empty: "Nothing waits for you." });
}

function tasks(list: readonly TaskRow[]): Html {
  const rows = list.map((task) => {
    const label = `Sever the task of ${task.agent.name}`;
    return html`<li class="row">
      <span><b class="t">${shownText(task.agent.name)}</b> <span class="t">${shownText(task.purpose)}</span></span
      ><span class="meta"
        ><span>${shownText(task.human.name)} · ${shownText(task.device.name)} · until ${time(task.expiresAt)}</span
        ><button class="small" type="button" data-sever="${task.id}" aria-label="${label}">Sever</button></span
      >
    </li>`;
  });
  return section({ id: "tasks", heading: "Live tasks", rows, empty: "No agent is at work." });
}

function brakes(list: readonly BrakeRow[]): Html {
  const rows = list.map((brake) => {
    const what =
      brake.scope.type === "all" ? "everything" : `${brake.scope.type} ${brake.scopeName ?? brake.scope.value}`;
    const act = brake.kind === "freeze" ? "Freeze" : "Sever";
    return html`<li class="row">
      <span><b>${act} of ${shownText(what)}</b> <span class="t">“${shownText(brake.reason)}”</span></span
      ><span class="meta"><span>${shownText(brake.by)} · ${time(brake.at)}</span>${lift(brake, what)}</span>
    </li>`;
  });
  return section({ id: "brakes", heading: "Brakes in force", rows, empty: "No brake is in force." });
}

interface Section {
  readonly id: string;
  readonly heading: string;
  readonly rows: readonly Html[];
  /** What stands there when there are no rows. */
  readonly empty: string;
}

function section({ id, heading, rows, empty }: Section): Html {
  const list =
    rows.length === 0
      ? html`<p class="empty">${empty}</p>`
      : html`<ul class="list">
          ${rows}
        </ul>`;
  return html`<section id="${id}" data-live>
    <h2>${heading}${rows.length > 0 && html` <small>${rows.length}</small>`}</h2>
    ${list}
  </section>`;
}

function freeze(points: readonly Named[]): Html {
  const waiting = points.map(
    ({ id, name }) => html`<li data-point="${id}"><b>${shownText(name)}</b> <span>waits</span></li>`,
  );
  return html`<section class="stop">
    <h2>Stop</h2>
    <div class="card">
      <form id="freeze" novalidate>
        <label for="freeze-reason">Reason</label>
        <input id="freeze-reason" maxlength="500" autocomplete="off" required aria-errormessage="freeze-missing" />
        <p class="error" id="freeze-missing" hidden>Enter a reason first; it stands in the ledger.</p>
        <button class="danger" type="submit" id="freeze-now">${icon("freeze")}Freeze everything</button>
      </form>
      <p class="hint">No agent starts anything new until a thaw is signed. Needs no passkey.</p>
      <div id="progress" hidden aria-live="polite">
        <ol class="progress">
          <li id="step-requested">Requested <span></span></li>
          <li id="step-confirmed">Confirmed by <span></span></li>
          <li id="step-stopped">Stopped <span></span></li>
        </ol>
        <ul class="points" id="points">
          ${waiting}
        </ul>
      </div>
    </div>
  </section>`;
}

function severDialog(): Html {
  return html`<dialog id="sever-dialog" aria-labelledby="sever-title">
    <form id="sever" novalidate>
      <h2 id="sever-title">Sever this task?</h2>
      <p id="sever-what" class="t"></p>
      <p>
        It ends now and its credentials die. Its agent opens no other task until its owner signs. This cannot be undone.
      </p>
      <label for="sever-reason">Reason</label
      ><input id="sever-reason" maxlength="500" autocomplete="off" required aria-errormessage="sever-missing" />
      <p class="error" id="sever-missing" hidden>Enter a reason first; it stands in the ledger.</p>
      <div class="answers">
        <button class="danger" type="submit" id="sever-now">Sever</button
        ><button type="button" id="sever-cancel">Cancel</button>
      </div>
    </form>
  </dialog>`;
}
