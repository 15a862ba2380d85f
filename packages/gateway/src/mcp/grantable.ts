import { type Grant, type ResourceMapping, type TaskId, matches, textsOf, touches } from "@countersign/core";
import { methodAction, toolAction } from "./form-call.ts";
import type { GatewayContext } from "./gateway-context.ts";
import { resourceName } from "./method-call.ts";

/** What of an upstream the grants of a task, within its agent's scope, could ever cover. It shows or hides; the decision is made elsewhere. */
export interface Grantable {
  /** Whether anything at all is. */
  readonly any: boolean;
  tool(name: string, mapping: ResourceMapping | undefined): boolean;
  method(method: string): boolean;
  resource(uri: string): boolean;
  /** A whole folder and all that is in it. */
  root(uri: string): boolean;
}

const PLACES = /\{[^{}]*\}/g;

export function grantableOf({ point }: Pick<GatewayContext, "point">, task: TaskId, upstream: string): Grantable {
  const terms = point.replica.get("task", task)?.terms;
  const scope =
    terms === undefined || terms.agent === null ? undefined : point.replica.get("agent", terms.agent)?.terms.scope;
  const both: readonly (readonly Grant[])[] = [terms?.grants ?? [], scope ?? []];
  const own = `mcp:${upstream}`;
  const could = (action: string, resource: string): boolean =>
    both.every((grants) => grants.some((grant) => matches(grant.action, action) && touches(grant.resource, resource)));
  const named = (uri: string): string | null => {
    // A template names all that it could become.
    const name = resourceName(uri.replaceAll(PLACES, "PLACE"), upstream);
    return name.ok ? name.resource.replaceAll("PLACE", "**") : null;
  };
  return {
    any: both.every((grants) => grants.some((grant) => touchesServer(grant.action, own))),
    tool: (name, mapping) =>
      textsOf(mapping ?? own).every((text) => could(toolAction(upstream, name), text.replaceAll(PLACES, "**"))),
    method: (method) => could(methodAction(upstream, method), own),
    resource: (uri) => {
      const name = named(uri);
      return name !== null && could(methodAction(upstream, "resources/read"), name);
    },
    root: (uri) => {
      const name = resourceName(uri, upstream);
      const inside = name.ok ? `${name.resource.replace(/\/$/, "")}/any/thing` : "";
      const covers = ({ action, resource }: Grant): boolean => touchesServer(action, own) && matches(resource, inside);
      return name.ok && name.resource.startsWith("file:") && both.every((grants) => grants.some(covers));
    },
  };
}

/** Whether a pattern of actions can match anything of that server. */
function touchesServer(pattern: string, server: string): boolean {
  return touches(pattern, `${server}/**`) || touches(pattern, `${server}#**`);
}
