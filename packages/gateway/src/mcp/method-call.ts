import {
  type Call,
  type Json,
  type JsonObject,
  type UpstreamRecord,
  canonicalJson,
  isJsonObject,
} from "@countersign/core";
import type { RefusedCall } from "@countersign/enforce";
import { nameOfAddress } from "./address-name.ts";
import { methodAction, tooLarge, unknownUpstream } from "./form-call.ts";
import type { MappedResource } from "./resource-of.ts";

/** Methods of MCP besides `tools/call` that are actions, with effect `read`. */
const FORMS: Readonly<Record<string, (params: JsonObject, upstream: string) => Formed>> = {
  "resources/read": onResource,
  "resources/subscribe": onResource,
  "prompts/get": onPrompt,
  "completion/complete": onCompletion,
  "subscriptions/listen": onListen,
};

type Formed =
  | { readonly ok: true; readonly arguments: JsonObject; readonly resource: string }
  | { readonly ok: false; readonly reason: string };

export interface FormMethodOptions {
  readonly upstream: string;
  /** The record of the upstream, if it is in use. */
  readonly record: UpstreamRecord<"mcp"> | null;
  readonly argumentsBytes: number;
}

export function isMethodAction(method: string): boolean {
  return Object.hasOwn(FORMS, method);
}

/** Forms the call that such a method asks for, or says why it cannot be formed. Only members that the protocol knows are kept. */
export function formMethodCall(method: string, params: JsonObject, options: FormMethodOptions): Call | RefusedCall {
  const { upstream, record, argumentsBytes } = options;
  const action = methodAction(upstream, method);
  const refuse = (refused: RefusedCall["refused"], resource: string | null = `mcp:${upstream}`): RefusedCall => ({
    refused,
    action,
    resource,
  });
  if (record === null) return refuse(unknownUpstream(upstream), null);
  const formed = FORMS[method]?.(params, upstream) ?? { ok: false, reason: `\`${method}\` is no action` };
  if (!formed.ok) return refuse({ step: "input", code: "input.invalid_json", reason: formed.reason });
  if (Buffer.byteLength(canonicalJson(formed.arguments)) > argumentsBytes) return refuse(tooLarge(argumentsBytes));
  const { arguments: args, resource } = formed;
  return {
    upstream,
    method,
    tool: method,
    toolDefinitionHash: null,
    action,
    resource,
    effect: "read",
    arguments: args,
  };
}

const CONTROL = /[\u0000-\u0020\u007f]/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;
const MAX_CHARS = 4096;

/**
 * The name of what stands behind an address of MCP: files and web places under their own name, whatever else a server calls a resource
 * under the server's. INV-1: refuses what a server could read as another address than we do.
 */
export function resourceName(uri: Json | undefined, upstream: string): MappedResource {
  if (typeof uri !== "string" || uri.length > MAX_CHARS || CONTROL.test(uri) || !SCHEME.test(uri))
    return { ok: false, reason: "`uri` is not an address with a scheme, such as `file:///srv/a.txt`" };
  const scheme = (SCHEME.exec(uri)?.[0] ?? "").toLowerCase();
  if (scheme !== "file:" && scheme !== "https:" && scheme !== "http:") return { ok: true, resource: `mcp:${upstream}` };
  if (scheme === "file:" && !/^[a-z]+:\//i.test(uri)) return { ok: false, reason: "the file address is not absolute" };
  return nameOfAddress(uri);
}

function onResource({ uri }: JsonObject, upstream: string): Formed {
  const named = resourceName(uri, upstream);
  return named.ok ? { ok: true, arguments: { uri: uri as string }, resource: named.resource } : named;
}

function onPrompt(params: JsonObject, upstream: string): Formed {
  const { name, arguments: given } = params;
  if (typeof name !== "string" || name === "") return { ok: false, reason: "the request names no prompt" };
  if (given !== undefined && !isJsonObject(given)) return { ok: false, reason: "`arguments` is not an object" };
  return {
    ok: true,
    arguments: { name, ...(given === undefined ? {} : { arguments: given }) },
    resource: `mcp:${upstream}`,
  };
}

function onCompletion(params: JsonObject, upstream: string): Formed {
  const { ref, argument, context } = params;
  if (!isJsonObject(ref) || !isJsonObject(argument))
    return { ok: false, reason: "`ref` and `argument` must be objects" };
  const { name, value } = argument;
  if (typeof name !== "string" || typeof value !== "string")
    return { ok: false, reason: "`argument` must have a name and a value" };
  const given = isJsonObject(context) && isJsonObject(context["arguments"]) ? context["arguments"] : {};
  const about = refOf(ref, upstream, { ...given, [name]: value });
  if (!about.ok) return about;
  const kept = { ref: about.ref, argument: { name, value } };
  const more = Object.keys(given).length === 0 ? {} : { context: { arguments: given } };
  return { ok: true, arguments: { ...kept, ...more }, resource: about.resource };
}

type About =
  | { readonly ok: true; readonly ref: JsonObject; readonly resource: string }
  | { readonly ok: false; readonly reason: string };

/** What is completed; of a template the place that it names once the values so far are put in. */
function refOf({ type, name, uri }: JsonObject, upstream: string, values: JsonObject): About {
  if (type === "ref/prompt" && typeof name === "string")
    return { ok: true, ref: { type, name }, resource: `mcp:${upstream}` };
  if (type !== "ref/resource" || typeof uri !== "string")
    return { ok: false, reason: "`ref` names neither a prompt nor a resource" };
  const filled = uri.replaceAll(/\{[^{}A-Za-z0-9]?([A-Za-z0-9_.]+)\*?\}/g, (place, argument: string) => {
    const value = Object.hasOwn(values, argument) ? values[argument] : undefined;
    return typeof value === "string" ? value : place;
  });
  const named = resourceName(filled, upstream);
  return named.ok ? { ok: true, ref: { type, uri }, resource: named.resource } : named;
}

const LISTENED: readonly string[] = ["toolsListChanged", "promptsListChanged", "resourcesListChanged"];

function onListen({ notifications }: JsonObject, upstream: string): Formed {
  if (!isJsonObject(notifications)) return { ok: false, reason: "`notifications` is not an object" };
  const changes = Object.fromEntries(
    LISTENED.filter((name) => notifications[name] === true).map((name) => [name, true]),
  );
  return { ok: true, arguments: { notifications: changes }, resource: `mcp:${upstream}` };
}
