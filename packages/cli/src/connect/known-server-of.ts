import type { SecretRef } from "@countersign/core";
import type { Environment } from "../environment.ts";
import { absoluteCommand } from "../upstreams/absolute-command.ts";
import type { KnownServer } from "../upstreams/known-server.ts";
import type { Setting, Transport } from "./clients/client.ts";
import type { FoundServer } from "./read-client.ts";

export type CarriedOver =
  | { readonly ok: true; readonly server: KnownServer }
  | { readonly ok: false; /** One clause for the person, without secrets. */ readonly why: string };
type Around = Pick<Environment, "cwd" | "home" | "path" | "variables">;

/** A client's server as the gateway will reach it: with absolute paths, and with the secrets apart. */
export function knownServerOf({ name, transport, trouble, list }: FoundServer, env: Around): CarriedOver {
  if (transport === null) return { ok: false, why: trouble ?? "cannot be carried over" };
  const parts = new Parts(env);
  if (transport.kind === "http") {
    parts.take("headers", transport.headers);
    if (transport.bearer !== null) parts.takeBearer(transport.bearer);
    return parts.missing ?? { ok: true, server: { name, reach: { url: transport.url }, ...parts.taken() } };
  }
  parts.take("env", transport.env);
  const cwd = folderOf(transport, list.scope, env);
  const command = absoluteCommand([transport.command, ...transport.args], { cwd, path: env.path });
  return parts.missing ?? { ok: true, server: { name, reach: { command, cwd }, ...parts.taken() } };
}

/** Without a folder of its own a client starts a server in the project; what means no folder is the same from everywhere. */
function folderOf(
  { args, command, cwd }: Extract<Transport, { kind: "stdio" }>,
  scope: FoundServer["list"]["scope"],
  env: Around,
): string {
  const isRelative = [command, ...args].some((word) => /^\.{1,2}(\/|$)/.test(word));
  return cwd ?? (isRelative || scope === "project" ? env.cwd : env.home);
}

class Parts {
  missing: Extract<CarriedOver, { ok: false }> | null = null;
  readonly #variables: Around["variables"];
  readonly #plain: { env: Record<string, string | SecretRef>; headers: Record<string, string | SecretRef> };
  readonly #secrets: { env: Record<string, string>; headers: Record<string, string>; bearer: string | null };

  constructor({ variables }: Around) {
    this.#variables = variables;
    this.#plain = { env: {}, headers: {} };
    this.#secrets = { env: {}, headers: {}, bearer: null };
  }

  take(part: "env" | "headers", settings: Readonly<Record<string, Setting>>): void {
    for (const [name, setting] of Object.entries(settings)) {
      if (setting.kind === "plain") this.#plain[part][name] = setting.text;
      else if (setting.kind === "reference" && !("fromEnv" in setting.ref)) this.#plain[part][name] = setting.ref;
      else this.#secrets[part][name] = this.#value(setting);
    }
  }

  takeBearer(setting: Setting): void {
    this.#secrets.bearer = setting.kind === "plain" ? setting.text : this.#value(setting);
  }

  taken(): Pick<KnownServer, "plain" | "secrets"> {
    return { plain: this.#plain, secrets: this.#secrets };
  }

  /** A variable of the client's own surroundings is not one of the control plane: its value goes along, sealed. */
  #value(setting: Exclude<Setting, { kind: "plain" }>): string {
    if (setting.kind === "secret") return setting.sealed.reveal();
    const variable = "fromEnv" in setting.ref ? setting.ref.fromEnv : null;
    const value = variable === null ? "" : (this.#variables[variable] ?? "");
    if (value === "") {
      const what = variable === null ? "a secret from a file or a command" : `the variable \`${variable}\``;
      this.missing ??= { ok: false, why: `needs ${what}, which is not here; set it and run the command again` };
    }
    return value;
  }
}
