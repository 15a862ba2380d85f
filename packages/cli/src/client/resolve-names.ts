import { AppError, type BrakeScope, type Code, isId, type JsonObject } from "@countersign/core";
import type { ApiCall, Client } from "./api.ts";
import { listAt, shown, textAt } from "./fields.ts";

/** The agent that a person names by id or name. Throws `request.not_found` with the next step. */
export async function agentNamed(client: Client, name: string, as: ApiCall["as"]): Promise<JsonObject> {
  try {
    return await client.json({ as, path: `/v1/agents/${encodeURIComponent(name)}` });
  } catch (error) {
    if (error instanceof AppError && error.code === "request.not_found") {
      throw unknownName({ what: "agent", name, command: "agent", code: "request.not_found" });
    }
    throw error;
  }
}

/** A human's id from an id, `me`, or a name that only one person has. */
export async function humanNamed(client: Client, name: string, as: ApiCall["as"]): Promise<string> {
  if (isId("hum", name) || name === "me") return name;
  return await idByName(client, { what: "human", name, as });
}

/** A device's id from an id or a name that only one device has. */
export async function deviceNamed(client: Client, name: string, as: ApiCall["as"]): Promise<string> {
  return isId("dev", name) ? name : await idByName(client, { what: "device", name, as });
}

/** The value of a stop's scope, with names turned into ids. */
export async function scopeValue(client: Client, { type, value }: BrakeScope): Promise<string> {
  switch (type) {
    case "agent":
      return isId("agt", value) ? value : textAt(await agentNamed(client, value, "near"), "id");
    case "owner":
      return value === "me" ? await signedInHuman(client) : await humanNamed(client, value, "near");
    case "device":
      return await deviceNamed(client, value, "near");
    case "task":
    case "resource":
    case "all":
      return value;
    default:
      return type satisfies never;
  }
}

async function signedInHuman(client: Client): Promise<string> {
  const session = await client.session();
  if (session !== null) return session.human.id;
  throw new AppError("request.unauthenticated", { detail: "`me` is nobody: nobody is signed in on this machine" });
}

interface Lookup {
  readonly what: "human" | "device";
  readonly name: string;
  readonly as: ApiCall["as"];
}

async function idByName(client: Client, { what, name, as }: Lookup): Promise<string> {
  const found = listAt(await client.json({ as, path: `/v1/${what}s` }), `${what}s`).filter(
    (one) => one["name"] === name,
  );
  const [first, second] = found;
  if (first === undefined) throw unknownName({ what, name, command: what, code: "request.not_found" });
  if (second === undefined) return textAt(first, "id");
  const ids = found.map(({ id }) => shown(id)).join(", ");
  throw new AppError("request.conflict", {
    detail: `${String(found.length)} ${what}s are called \`${name}\`: use an id (${ids})`,
  });
}

function unknownName({
  what,
  name,
  command,
  code,
}: {
  what: string;
  name: string;
  command: string;
  code: Code;
}): AppError {
  return new AppError(code, { detail: `no ${what} \`${name}\`; see \`countersign ${command} list\`` });
}
