import type { ToolDefinition } from "./tool-definition.ts";

const MAX_DEFINITIONS = 20_000;

/**
 * Definitions that were seen, by their hash. What has the hash that an administrator accepted is what they accepted, wherever it came
 * from: so the effect of a tool is known before a connection stands.
 */
export class KnownDefinitions {
  readonly #byHash = new Map<string, ToolDefinition>();

  note(tools: Iterable<ToolDefinition>): void {
    for (const tool of tools) {
      if (this.#byHash.size >= MAX_DEFINITIONS) this.#byHash.clear();
      this.#byHash.set(tool.hash, tool);
    }
  }

  get(tool: string, hash: string): ToolDefinition | null {
    const known = this.#byHash.get(hash);
    return known?.name === tool ? known : null;
  }
}
