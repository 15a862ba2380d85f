import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject, type Json, type JsonObject } from "@countersign/core";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { type Commands, LAUNCHER } from "./commands.ts";

/** A refusal as the agent reads it (interfaces: refusals). */
export interface Refusal {
  readonly decision: string;
  readonly code: string;
  readonly brake: string | null;
  readonly approval: string | null;
  readonly approvalUrl: string | null;
}
/** What came of one call. */
export interface Tried {
  /** The text that the agent gets. */
  readonly text: string;
  readonly ms: number;
  /** Null when the call passed. */
  readonly refusal: Refusal | null;
  /** The tool itself said no. */
  readonly failed: boolean;
}

const CALL_MS = 60_000;

/** A coding agent as far as the world sees one: an official MCP client that starts `countersign mcp` as its server, and a shell. */
export class CodingAgent {
  readonly tools: readonly string[];
  readonly #client: Client;
  readonly #workshop: string;

  private constructor(client: Client, tools: readonly string[], workshop: string) {
    this.#client = client;
    this.tools = tools;
    this.#workshop = workshop;
  }

  /** Starts the server as any client does, by its command, and asks for its tools. */
  static async start(purpose: string, workshop: string, commands: Commands): Promise<CodingAgent> {
    const client = new Client({ name: "coding-agent", version: "1.0.0" }, { versionNegotiation: { mode: "auto" } });
    const args = ["mcp", "files", "--agent", "coder", "--purpose", purpose];
    const transport = new StdioClientTransport({
      command: LAUNCHER,
      args,
      env: { ...commands.env },
      cwd: workshop,
      stderr: "ignore",
    });
    try {
      await client.connect(transport);
      const { tools } = await client.listTools();
      return new CodingAgent(
        client,
        tools.map(({ name }) => name),
        workshop,
      );
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** The revision of the protocol that both sides speak. */
  get revision(): string {
    return this.#client.getNegotiatedProtocolVersion() ?? "";
  }

  async call(name: string, args: JsonObject): Promise<Tried> {
    const began = performance.now();
    const result = await this.#client.callTool({ name, arguments: args }, { timeout: CALL_MS });
    const ms = performance.now() - began;
    const text = result.content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
    const refusal = refusalOf(result._meta?.["dev.countersign/decision"] as Json | undefined);
    return { text, ms, refusal, failed: result.isError === true && refusal === null };
  }

  /** Writes with the shell's own hands, beside the gateway: no tool call, no record. */
  writeLog(lines: readonly string[]): string {
    const path = join(this.#workshop, "agent.log");
    appendFileSync(path, `${lines.join("\n")}\n`);
    return path;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

function refusalOf(decision: Json | undefined): Refusal | null {
  if (!isJsonObject(decision)) return null;
  const text = (name: string): string | null => (typeof decision[name] === "string" ? decision[name] : null);
  return {
    decision: text("decision") ?? "",
    code: text("code") ?? "",
    brake: text("brake"),
    approval: text("approval"),
    approvalUrl: text("approvalUrl"),
  };
}
