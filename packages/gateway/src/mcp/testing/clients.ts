import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { dpopFetch } from "./dpop-fetch.ts";
import type { Credential } from "./permit-point.ts";

export const ERAS = ["auto", "legacy"] as const;

/** The official client, connected to the gateway with this credential. */
export async function sdkClient(url: string, mode: (typeof ERAS)[number], credential: Credential): Promise<Client> {
  const client = new Client({ name: "test-agent", version: "1.0.0" }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch: dpopFetch(credential) }));
  return client;
}
