import { AppError, ENTRY_KINDS, type EntryId, type JsonObject, type Kind, type LedgerEntry } from "@countersign/core";
import { z } from "zod";
import { type Response, type Route, route } from "../http/index.ts";
import type { Kernel } from "../kernel.ts";
import type { EntryQuery } from "../store/index.ts";
import type { Ledger } from "./ledger.ts";
import { type PublicFile, entryBundle, publicFile } from "./public-files.ts";
import { type Act, who } from "./who.ts";

const readers = ["local", "cookie", "session"] as const;
const roles = ["admin", "auditor"] as const;
const whole = z.coerce.number().int().min(0);
const entriesQuery = z.object({
  from: whole.optional(),
  limit: whole.max(1000).default(100),
  reverse: z.literal("1").optional(),
  kind: z.enum(ENTRY_KINDS).optional(),
  task: z.string().max(64).optional(),
  resource: z.string().max(1024).optional(),
  record: z
    .string()
    .max(2100)
    .regex(/^[a-z]+:.+$/, "write it as kind:id")
    .optional(),
});
const whoQuery = z.object({ resource: z.string().min(1).max(1024), limit: whole.max(1000).default(100) });

/** The ledger over HTTP: what everybody may read (C2SP tiles), and what needs the eye of an auditor. */
export function ledgerRoutes(kernel: Kernel, ledger: Ledger): readonly Route[] {
  const { store } = kernel;
  return [
    ...["checkpoint", "vkey"].map((name) =>
      route({
        method: "GET",
        url: `/ledger/${name}`,
        callers: ["anyone"],
        handle: async () => fileResponse(await publicFile(ledger.directory, name)),
      }),
    ),
    route({
      method: "GET",
      url: "/ledger/tile/entries/*",
      callers: readers,
      roles,
      handle: async ({ params }) =>
        fileResponse(await entryBundle(ledger.directory, `tile/entries/${params["*"] ?? ""}`)),
    }),
    route({
      method: "GET",
      url: "/ledger/tile/*",
      callers: ["anyone"],
      handle: async ({ params }) => fileResponse(await publicFile(ledger.directory, `tile/${params["*"] ?? ""}`)),
    }),
    route({
      method: "GET",
      url: "/v1/ledger/entries",
      callers: readers,
      roles,
      handle: async ({ query }) => {
        const found = await store.entries(entryQuery(query));
        return { body: { entries: found.map(({ index, body }) => ({ index, body })), size: ledger.published().size } };
      },
    }),
    route({
      method: "GET",
      url: "/v1/ledger/entries/:id",
      callers: readers,
      roles,
      handle: async ({ params }) => {
        const entry = await store.entry(params["id"] as EntryId);
        if (entry === null) throw new AppError("request.not_found", { detail: "the ledger has no such entry" });
        return { body: { index: entry.index, body: entry.body } };
      },
    }),
    route({
      method: "GET",
      url: "/v1/ledger/proof/:id",
      callers: readers,
      roles,
      handle: async ({ params }) => ({
        type: "text/plain; charset=utf-8",
        body: await ledger.prove(params["id"] as EntryId),
      }),
    }),
    route({
      method: "GET",
      url: "/v1/ledger/who",
      callers: readers,
      roles,
      handle: async ({ query }) => {
        const asked = parsed(whoQuery, query);
        const acts = await who(store, asked);
        return { body: { acts: await Promise.all(acts.map(async (act) => await shown(kernel, act))) } };
      },
    }),
  ];
}

function parsed<T>(schema: z.ZodType<T>, query: unknown): T {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new AppError("request.invalid", {
    detail: `\`${issue?.path.join(".") ?? ""}\`: ${issue?.message ?? "not valid"}`,
  });
}

function entryQuery(query: unknown): EntryQuery {
  const { from, limit, reverse, kind, task, resource, record } = parsed(entriesQuery, query);
  const at = record?.indexOf(":") ?? 0;
  return {
    limit,
    ...(from === undefined ? {} : { from }),
    ...(reverse === undefined ? {} : { reverse: true }),
    ...(kind === undefined ? {} : { kind }),
    ...(task === undefined ? {} : { task }),
    ...(resource === undefined ? {} : { resource }),
    ...(record === undefined ? {} : { record: { kind: record.slice(0, at) as Kind, id: record.slice(at + 1) } }),
  };
}

function fileResponse(file: PublicFile | null): Response {
  if (file === null) throw new AppError("request.not_found", { detail: "the ledger has no such file" });
  return { type: file.contentType, body: Buffer.from(file.bytes), headers: { "cache-control": file.cacheControl } };
}

/** One act with the names that are known now; the ledger itself holds ids. */
async function shown(kernel: Kernel, { entry, outcome }: Act): Promise<JsonObject> {
  const { time, chain, action, resource, effect, decision, approval } = entry.body as unknown as LedgerEntry;
  return {
    time,
    ...chain,
    action,
    resource,
    effect,
    decision: decision === null ? null : { result: decision.result, code: decision.code },
    outcome: outcome === null ? null : ((outcome.body as unknown as LedgerEntry).outcome?.status ?? null),
    approval: approval ?? null,
    index: entry.index,
    names: await namesOf(kernel, chain),
  };
}

async function namesOf({ store, keys }: Kernel, chain: LedgerEntry["chain"]): Promise<JsonObject> {
  const human = chain.human === null ? null : await store.get("human", chain.human);
  const device = chain.device === null ? null : await store.get("device", chain.device);
  const agent = chain.agent === null ? null : await store.get("agent", chain.agent);
  const task = chain.task === null ? null : await store.get("task", chain.task);
  return {
    human: human === null ? null : await keys.openText(human.terms.name),
    device: device === null ? null : await keys.openText(device.terms.name),
    agent: agent?.terms.name ?? null,
    task: task === null ? null : await keys.openText(task.terms.purpose),
  };
}
