import { html } from "./html.ts";
import { document } from "./layout.ts";
import { shownText } from "./shown-text.ts";

/** In place of the console while it is being built, and when it could not be. Asks again by itself. */
export function renderConsoleWait(failed: string | null): string {
  const body =
    failed === null
      ? html`<h1>The console is being built</h1>
          <p class="lead" role="status">
            This takes some seconds after the first start or a change. The page opens by itself.
          </p>`
      : html`<h1>The console could not be built</h1>
          <p class="lead">${shownText(failed)}</p>
          <p>Everything else works: agents are governed, and the command line does what the console does.</p>`;
  const refreshSeconds = failed === null ? 1 : 10;
  return document({ page: "plain", title: "Console", signedIn: null, width: "slim", body, refreshSeconds });
}
