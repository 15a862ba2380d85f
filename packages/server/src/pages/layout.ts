import type { Named } from "@countersign/api";
import { assetPaths, type ScriptName } from "./assets.ts";
import { html, type Html } from "./html.ts";
import { icon } from "./icons.ts";
import { shownText } from "./shown-text.ts";
import type { NextStep } from "./views.ts";

export interface Layout {
  /** Which script it loads. */
  readonly page: ScriptName;
  /** The state first: it is what stands in the browser's tab. */
  readonly title: string;
  readonly signedIn: Named | null;
  readonly width?: "slim";
  readonly body: Html;
  /** The page looks after so long whether there is another one here by now. */
  readonly refreshSeconds?: number;
}

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%232747b0'/%3E%3Cpath d='M3 8.8l2.8 2.8 4.7-6.6M7.5 10.8l.7.7 4.8-6.5' fill='none' stroke='white' stroke-width='1.4'/%3E%3C/svg%3E";

/** The whole document. */
export function document(layout: Layout): string {
  const { css, js } = assetPaths(layout.page);
  const whole = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width,initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>${layout.title} · Countersign</title>
      <link rel="icon" href="${ICON}" />
      <link rel="stylesheet" href="${css}" />
      <script type="module" src="${js}"></script>
    </head>
    <body data-page="${layout.page}" data-refresh="${layout.refreshSeconds ?? 0}">
      <header class="bar">
        <a class="brand" href="/">${icon("consumed")}Countersign</a>${person(layout.signedIn)}
      </header>
      <main class="${layout.width ?? "narrow"}">${layout.body}</main>
    </body>
  </html>`;
  return `<!doctype html>\n${whole.toString()}\n`;
}

function person(signedIn: Named | null): Html | null {
  if (signedIn === null) return null;
  return html`<span class="person">${shownText(signedIn.name)}</span
    ><button class="link" id="sign-out" type="button">Sign out</button>`;
}

/** Where a flow says what it does and what went wrong: beside its control. */
export function messages(): Html {
  return html`<p class="status" id="status" role="status"></p>
    <p class="error" id="error" role="alert"></p>`;
}

export function commands(steps: readonly NextStep[]): Html {
  return html`<ol class="steps">
    ${steps.map(
      ({ text, command }) =>
        html`<li>
          <p>${text}</p>
          <div class="command">
            <code>${command}</code><button class="small" type="button" data-copy="${command}">Copy</button>
          </div>
        </li>`,
    )}
  </ol>`;
}

/** Shown by the script when this browser cannot use passkeys, or only those of another device; without a script there is no passkey either. */
export function withoutPasskey(phoneUrl: string | null = null): Html {
  const there = phoneUrl !== null && html`<li>Your phone: open this page there, with the code below.</li>`;
  return html`<div class="notice" id="no-passkey" hidden>
      <h2>Passkeys do not work here</h2>
      <p id="insecure" hidden>
        This page came over an unsafe connection. Open it over https, or on the machine itself as http://localhost; from
        elsewhere through an SSH tunnel.
      </p>
      <p id="unsupported" hidden>This browser cannot use passkeys.</p>
      <ul>
        <li>Open this page in a current Safari, Chrome, Edge or Firefox.</li>
        ${there || html`<li>Open it on your phone.</li>`}
      </ul>
    </div>
    <div class="notice" id="ways" hidden>
      <h2>This browser keeps no passkey of its own</h2>
      <p>When it asks for one, these answer:</p>
      <ul>
        ${there}
        <li id="way-phone">
          Your phone: choose “another device” and scan the code that the browser shows. Both need Bluetooth.
        </li>
        <li>A security key: plug it in or hold it to the reader.</li>
        <li>A password manager that keeps passkeys, as an extension of this browser.</li>
      </ul>
    </div>
    <noscript
      ><p class="notice">
        Passkeys need JavaScript. Allow it for this site; everything that it loads comes from here.
      </p></noscript
    >`;
}

export function time(at: string): Html {
  return html`<time datetime="${at}">${at.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC")}</time>`;
}
