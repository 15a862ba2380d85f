import { html } from "./html.ts";
import { document, messages, withoutPasskey } from "./layout.ts";
import { onPhone } from "./qr-code.ts";
import { shownText } from "./shown-text.ts";
import type { SignInView } from "./views.ts";

/** `/sign-in`: one button. */
export function renderSignIn(view: SignInView): string {
  const next = safeNext(view.next);
  const why = next.startsWith("/approve/")
    ? "Something waits for your answer. Sign in to read it."
    : "Use the passkey that you made for this site.";
  const already =
    view.signedIn === null
      ? null
      : html`<p class="notice">
          You are signed in as ${shownText(view.signedIn.name)}. <a href="${next}">Continue</a>
        </p>`;
  const body = html`<h1>Sign in</h1>
    <p class="lead">${why}</p>
    ${already}${withoutPasskey(view.phoneUrl)}
    <div class="card" data-needs-passkey>
      <button class="primary" type="button" id="sign-in" data-next="${next}">Sign in with passkey</button>${messages()}
    </div>
    ${onPhone(view.phoneUrl)}`;
  return document({ page: "sign-in", title: "Sign in", signedIn: view.signedIn, width: "slim", body });
}

/** A path of this site, whatever was asked for: `//host`, `/\host`, schemes and control characters lead to `/`. */
export function safeNext(next: string | null): string {
  if (next === null || !/^\/(?![/\\])[\x21-\x7e]*$/.test(next) || next.includes("\\")) return "/";
  return next;
}
