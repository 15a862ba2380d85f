import type { ApprovalDisplay } from "@countersign/api";
import { type Json, type JsonObject, isJsonObject } from "@countersign/core";
import { shownKey } from "@countersign/credentials";
import { html, type Html } from "../html.ts";
import { time } from "../layout.ts";
import { fact, grantsIn, said, textOf } from "./fact.ts";
import { grantWords } from "./grant-words.ts";
import { databaseWords } from "./database-words.ts";
import { serverWords } from "./server-words.ts";

/** What a change does, in words before its exact form. All of them come from that form, `display.content`; null: it has no words. */
export function changeWords({ subject, action, content }: ApprovalDisplay): Html | null {
  if (subject !== "change") return null;
  const change = parsed(content);
  if (change === null) return null;
  switch (action) {
    case "session.open":
      return machineWords(change);
    case "client.connect":
      return connectionWords(change);
    case "agent.create":
    case "agent.reinstate":
    case "agent.reassign":
      return agentWords(change, "Agent");
    case "mandate.create":
      return mandateWords(change);
    case "task.open":
      return ownTaskWords(change);
    case "upstream.put":
      return databaseWords(change);
    case "point.trust":
      return gatewayWords(change);
    default:
      return null;
  }
}

function parsed(content: string): JsonObject | null {
  try {
    const value = JSON.parse(content) as Json;
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

function connectionWords({ machine, servers, agent }: JsonObject): Html {
  const several = Array.isArray(servers) ? (servers as readonly Json[]).filter(isJsonObject) : [];
  return html`${isJsonObject(machine) && machineWords(machine)}
  ${several.length > 0 && html`<h2>Servers that go through Countersign</h2>`} ${several.map(serverWords)}
  ${isJsonObject(agent) && agentWords(agent, "The agent that it acts as")}`;
}

function machineWords({ name, enrols, hours, sessionKey }: JsonObject): Html {
  const what = enrols === true ? "is enrolled as your device and signed in" : "is your device already and is signed in";
  return html`<h2>This machine</h2>
    <section class="card words">
      <p><b>${said(name)}</b> ${what} for ${said(hours)} hours.</p>
      <p class="key"><code>${said(shownKey(textOf(sessionKey)))}</code></p>
      <p class="hint">The session key. The terminal that asks for this shows the same one; if not, deny.</p>
    </section>`;
}

function ownTaskWords({ human, device, purpose, grants, expiresAt }: JsonObject): Html {
  return html`<h2>Work without an agent</h2>
    <section class="card words">
      <h3>${said(human)}</h3>
      <dl>
        ${fact("For", said(purpose))} ${fact("Until", until(expiresAt))} ${fact("On", said(device))}
        ${fact("May do", grantList(grants))}
      </dl>
    </section>`;
}

function agentWords(agent: JsonObject, heading: string): Html {
  const { name, change, owner, formerOwner, purpose, added, ended, grants, expiresAt } = agent;
  return html`<h2>${heading}</h2>
    <section class="card words">
      <h3>${said(name)} ${typeof change === "string" && html`<small>${said(change)}</small>`}</h3>
      <dl>
        ${fact("Owner", said(owner))} ${formerOwner !== undefined && fact("Had belonged to", said(formerOwner))}
        ${fact("For", said(purpose))} ${fact("Until", until(expiresAt))}
        ${ended !== undefined && fact("Had ended", until(ended))}
        ${Array.isArray(added) && added.length > 0 && fact("New now", grantList(added))}
        ${fact("May ask for", grantList(grants))}
      </dl>
    </section>`;
}

function mandateWords(mandate: JsonObject): Html {
  const { agent, owner, purpose, trigger, grants, tasksPerDay, expiresAt, device, enrols } = mandate;
  return html`<h2>Work without a person</h2>
    <section class="card words">
      <h3>${said(agent)} <small>on ${said(device)}</small></h3>
      <dl>
        ${fact("Owner", said(owner))} ${fact("For", said(purpose))} ${fact("When", said(trigger))}
        ${fact("At most", html`${said(tasksPerDay)} tasks a day`)} ${fact("Until", until(expiresAt))}
        ${fact("May ask for", grantList(grants))}
        ${typeof enrols === "string" && fact("Enrols", html`${said(device)}, with this key:`)}
      </dl>
      ${typeof enrols === "string" && html`<p class="key"><code>${said(shownKey(enrols))}</code></p>`}
    </section>`;
}

function gatewayWords({ gateway, key, joinedAt }: JsonObject): Html {
  return html`<h2>A gateway on another machine</h2>
    <section class="card words">
      <h3>${said(gateway)}</h3>
      <p>
        It gets every secret that Countersign keeps for upstreams: whoever rules its machine can read them, and use them
        without Countersign.
      </p>
      <dl>${fact("Joined", until(joinedAt))}</dl>
      <p class="key"><code>${said(shownKey(textOf(key)))}</code></p>
      <p class="hint">The gateway's key. It says the same one when it starts; if not, deny.</p>
    </section>`;
}

function grantList(grants: Json | undefined): Html {
  const lines = grantWords(grantsIn(grants)).map((line) => html`<li>${line}</li>`);
  return html`<ul>
    ${lines.length > 0 ? lines : html`<li>nothing</li>`}
  </ul>`;
}

function until(value: Json | undefined): Html {
  return typeof value === "string" && !Number.isNaN(Date.parse(value)) ? time(value) : said(value);
}
