import type { JsonObject } from "@countersign/core";
import { META, MODERN_VERSION } from "@countersign/gateway";
import type { Client } from "../client/api.ts";
import { listAt, textAt } from "../client/fields.ts";
import { readBody } from "../client/transport.ts";
import type { Cli } from "../cli.ts";
import { refusalCodes } from "../mcp/answer-body.ts";
import { GatewayPost } from "../mcp/gateway-post.ts";
import type { LiveTask } from "../mcp/task-link.ts";

/** A resource that no server has: whatever happens, nothing is done. */
const URI = "countersign:drill";
const ANSWER_BYTES = 65_536;
const ANSWER_MS = 15_000;

/** A point at which the canary can try to act. */
export interface Place {
  readonly id: string;
  readonly name: string;
  readonly url: string;
}

/** The points that clients reach, one for each address. */
export async function places(client: Client): Promise<readonly Place[]> {
  const points = listAt(await client.json({ as: "near", path: "/v1/points" }), "points");
  const found = new Map<string, Place>();
  for (const point of points) {
    const { status, url } = point;
    if (status !== "active" || typeof url !== "string" || found.has(url)) continue;
    found.set(url, { id: textAt(point, "id"), name: textAt(point, "name"), url });
  }
  return [...found.values()];
}

/** An agent in a task without use: it asks for a resource that does not exist, at one point after the other. */
export class Canary {
  readonly #post: GatewayPost;
  readonly #task: LiveTask;
  readonly #upstream: string;

  constructor(task: LiveTask, upstream: string, { client, cli }: { readonly client: Client; readonly cli: Cli }) {
    this.#task = task;
    this.#upstream = upstream;
    this.#post = new GatewayPost({ transport: client.transport, now: cli.now, random: cli.random });
  }

  /** The code with which a point refuses the canary now; null: it was refused without one. */
  async refusedAt(place: Place): Promise<string | null> {
    const meta = {
      [META.version]: MODERN_VERSION,
      [META.clientInfo]: { name: "countersign-drill", version: "1" },
      [META.clientCapabilities]: {},
    };
    const params: JsonObject = { uri: URI, _meta: meta };
    const answered = await this.#post.post(
      { ...this.#task, gateway: place.url },
      {
        path: `/mcp/${this.#upstream}`,
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          "mcp-protocol-version": MODERN_VERSION,
          "mcp-method": "resources/read",
          "mcp-name": URI,
        },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "resources/read", params }),
        signal: AbortSignal.timeout(ANSWER_MS),
      },
    );
    const text = (await readBody(answered, ANSWER_BYTES)).toString("utf8");
    return refusalCodes(text)[0] ?? null;
  }
}
