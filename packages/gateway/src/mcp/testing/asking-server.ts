import { createInterface } from "node:readline";

/** A server of the 2025 era, written by hand, whose tools ask their client, or flood it. What it was answered, it says on standard error. */
type Message = {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Readonly<Record<string, any>>;
  readonly result?: unknown;
  readonly error?: { readonly code: number };
};

const out = (value: object): void => void process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...value })}\n`);
const note = (text: string): void => void process.stderr.write(`${text}\n`);
const waiting = new Map<unknown, (message: Message) => void>();
let made = 0;

/** What the client answered: its result, or the code of its error. */
async function ask(method: string, params: object, id: string = `q${String((made += 1))}`): Promise<unknown> {
  return await new Promise((resolve) => {
    waiting.set(id, ({ result, error }) => {
      note(`answered ${id} ${JSON.stringify(result ?? error?.code)}`);
      resolve(result ?? error?.code);
    });
    out({ id, method, params });
  });
}

class RpcError extends Error {
  readonly code: number;
  readonly data: object;

  constructor(code: number, data: object) {
    super("no");
    this.code = code;
    this.data = data;
  }
}

const schema = { type: "object", properties: { name: { type: "string" } }, required: ["name"] };
const elicit = async (message: string, id?: string): Promise<unknown> =>
  await ask("elicitation/create", { message, requestedSchema: schema }, id);
const sample = { messages: [{ role: "user", content: { type: "text", text: "2+2?" } }], maxTokens: 10 };

type Tool = (args: Readonly<Record<string, any>>, id: unknown) => Promise<unknown>;
const TOOLS: Readonly<Record<string, Tool>> = {
  name: async ({ message = "your name?" }) => await elicit(String(message)),
  nag: async () => [await elicit("first"), await elicit("second")],
  link: async ({ url }) => await ask("elicitation/create", { mode: "url", message: "open", url, elicitationId: "e1" }),
  links: async ({ url }) => {
    const elicitations = [{ mode: "url", message: "pay", url, elicitationId: "e1" }, { url: "javascript:1" }, 7];
    return await Promise.reject(new RpcError(-32042, { elicitations, more: "dropped" }));
  },
  sample: async () => await ask("sampling/createMessage", sample),
  roots: async () => await ask("roots/list", {}),
  many: async ({ count }) =>
    await Promise.all(Array.from({ length: Number(count) }, async (_, at) => await elicit(`question ${String(at)}`))),
  same: async () => {
    const first = elicit("first", "one");
    out({ id: "one", method: "elicitation/create", params: { message: "second", requestedSchema: schema } });
    return await first;
  },
  flood: async ({ count }, id) => {
    for (let at = 0; at < Number(count); at += 1) {
      out({ method: "notifications/message", params: { level: "info", data: at } });
      out({ method: "notifications/made/up", params: {} });
      out({ method: "notifications/progress", params: { progressToken: id, progress: at } });
    }
    return await Promise.resolve("flooded");
  },
  hasty: async () => {
    elicit("never mind").catch(() => undefined);
    return await Promise.resolve("done");
  },
  after: async () => {
    setImmediate(() => {
      elicit("nobody called me", "after").catch(() => undefined);
    });
    return await Promise.resolve("later");
  },
};

const tool = (name: string): object => ({
  name,
  inputSchema: { type: "object" },
  annotations: { readOnlyHint: true },
});

async function request({ id, method, params = {} }: Message): Promise<void> {
  if (method === "initialize") {
    const serverInfo = { name: "asking", version: "1" };
    note(`capabilities ${JSON.stringify(params["capabilities"])}`);
    out({ id, result: { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo } });
  } else if (method === "tools/list") out({ id, result: { tools: Object.keys(TOOLS).map(tool) } });
  else if (method === "tools/call") {
    try {
      const value = await TOOLS[String(params["name"])]?.(params["arguments"] ?? {}, id);
      out({ id, result: { content: [{ type: "text", text: JSON.stringify(value) }] } });
    } catch (error) {
      const { code, data } = error as RpcError;
      out({ id, error: { code, message: "no", data } });
    }
  } else out({ id, error: { code: -32601, message: "unknown" } });
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line) as Message;
  if (message.method === undefined) waiting.get(message.id)?.(message);
  else if (message.id !== undefined) request(message).catch(() => process.exit(1));
  else if (message.method === "notifications/cancelled") note("cancelled");
});
