import { html } from "./html.ts";
import { commands, document } from "./layout.ts";
import { shownText } from "./shown-text.ts";
import type { ProblemView } from "./views.ts";

/** A page that cannot be had: what is wrong and what to do next. */
export function renderProblem(view: ProblemView): string {
  const body = html`<h1>${shownText(view.title)}</h1>
    <p class="lead">${shownText(view.detail)}</p>
    ${
      view.remedy &&
      html`<h2>What to do</h2>
        ${commands([view.remedy])}`
    }
    <p><a href="/">Open the overview</a></p>`;
  return document({ page: "plain", title: String(view.status), signedIn: null, width: "slim", body });
}
