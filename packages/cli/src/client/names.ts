import type { Json } from "@countersign/core";
import type { Client } from "./api.ts";
import { listAt, nameOf, shown } from "./fields.ts";

/** Turns ids of people, devices and agents into names, for people to read. */
export type NameOf = (id: Json | undefined) => string;

/** Reads who is who. What has no name keeps its id. */
export async function knownNames(client: Client): Promise<NameOf> {
  const kinds = ["humans", "devices", "agents"];
  const lists = await Promise.all(
    kinds.map(async (kind) => listAt(await client.json({ as: "near", path: `/v1/${kind}` }), kind)),
  );
  const names = new Map(lists.flat().map((one) => [shown(one["id"]), nameOf(one)]));
  return (id) => (typeof id === "string" ? (names.get(id) ?? id) : nameOf(id));
}
