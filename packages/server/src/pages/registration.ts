import { html, type Html } from "./html.ts";
import { commands, document, messages, withoutPasskey } from "./layout.ts";
import type { InviteView, NextStep, SetupView } from "./views.ts";

/** `/setup`: makes the first human and their passkey. */
export function renderSetup(view: SetupView): string {
  if (view.state === "closed") return closed("This set-up link is closed", view.remedy);
  return open({
    title: "Set up",
    heading: "Be the first to sign",
    lines: [
      "You become the first administrator of this installation.",
      "A passkey on this device, phone or security key signs for you. There is no password.",
    ],
    kind: "setupToken",
    token: view.token,
    name: view.name,
    after: html`<p>You are the administrator now, and signed in.</p>
      <h2>Next</h2>
      ${commands(view.next)}<a class="button" href="/">Open the overview</a>`,
  });
}

/** `/invite`: makes a later human and their passkey; both are pending until an administrator signs. */
export function renderInvite(view: InviteView): string {
  if (view.state === "closed") return closed("This invitation is closed", view.remedy);
  const role = view.roles.length === 0 ? "" : ` as ${view.roles.join(" and ")}`;
  return open({
    title: "Invitation",
    heading: "You are invited to sign",
    lines: [
      `You join this installation${role}. An administrator signs before you can do anything.`,
      "A passkey on this device, phone or security key signs for you. There is no password.",
    ],
    kind: "inviteToken",
    token: view.token,
    name: "",
    after: html`<p>
        An administrator has to sign your entry now. Send them this address; sign in when they have signed.
      </p>
      <p class="card"><a id="to-sign" href="/">the overview</a></p>
      <p><a href="/sign-in">Go to sign-in</a></p>`,
  });
}

interface Registration {
  readonly title: string;
  readonly heading: string;
  readonly lines: readonly [string, string];
  readonly kind: "setupToken" | "inviteToken";
  readonly token: string;
  readonly name: string;
  readonly after: Html;
}

function open({ title, heading, lines, kind, token, name, after }: Registration): string {
  const body = html`<div id="before">
      <h1>${heading}</h1>
      ${lines.map((line) => html`<p class="lead">${line}</p>`)} ${withoutPasskey()}
      <form class="card" id="register" data-kind="${kind}" data-token="${token}" data-needs-passkey novalidate>
        <label for="name">Your name</label>
        <input
          id="name"
          name="name"
          value="${name}"
          autocomplete="off"
          maxlength="80"
          required
          aria-describedby="name-hint"
        />
        <p class="hint" id="name-hint">It stands beside everything that you approve.</p>
        <button class="primary" type="submit" id="create">Create passkey</button>${messages()}
      </form>
    </div>
    <div id="after" hidden>
      <h1 id="done" tabindex="-1">Welcome, <span id="named"></span></h1>
      ${after}
    </div>`;
  return document({ page: "register", title, signedIn: null, width: "slim", body });
}

function closed(heading: string, remedy: NextStep): string {
  const body = html`<h1>${heading}</h1>
    <p class="lead">It works once and for a short time. It was used, or its time is over.</p>
    <h2>What to do</h2>
    ${commands([remedy])}
    <p><a href="/sign-in">Sign in</a> if you have a passkey here.</p>`;
  return document({ page: "plain", title: "Closed", signedIn: null, width: "slim", body });
}
