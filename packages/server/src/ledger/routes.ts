import { AppError, ENTRY_KINDS, type EntryId } from "@countersign/core";
import { z } from "zod";
import { type Caller, type Response, type Route, route } from "../http/index.ts";
import type { Kernel } from "../kernel.ts";
import { entryPage, entryView } from "./entry-page.ts";
import type { Ledger } from "./ledger.ts";
import { type PublicFile, entryBundle, publicFile } from "./public-files.ts";
import { who } from "./who.ts";

const readers = ["local", "cookie", "session"] as const;
const roles = ["admin", "auditor"] as const;
const whole = z.coerce.number().int().min(0);
const id = z.string().max(64).optional();
const entriesQuery = z.object({
  from: whole.optional(),
  before: whole.optional(),
  limit: whole.max(1000).default(100),
  reverse: z.literal("1").optional(),
  kind: z.enum(ENTRY_KINDS).optional(),
  task: id,
  agent: id,
  human: id,
  device: id,
  resource: z.string().max(1024).optional(),
  record: z
    .string()
    .max(2100)
    .regex(/^[a-z]+:.+$/, "write it as kind:id")
    .optional(),
  q: z.string().max(1024).optional(),
  names: z.literal("1").optional(),
});
const whoQuery = z.object({
  resource: z.string().min(1).max(1024),
  limit: whole.max(1000).default(100),
  before: whole.optional(),
});
const time = z.iso.datetime({ offset: true });
const actsQuery = z.object({
  limit: whole.max(500).default(100),
  before: whole.optional(),
  since: time.optional(),
  until: time.optional(),
  task: id,
});

/** The ledger over HTTP: what everybody may read (C2SP tiles), and what needs the eye of an auditor. */
export function ledgerRoutes(kernel: Kernel, ledger: Ledger): readonly Route[] {
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
      query: entriesQuery,
      handle: async ({ query }) => ({ body: await entryPage(kernel, ledger, query) }),
    }),
    route({
      method: "GET",
      url: "/v1/ledger/entries/:id",
      callers: readers,
      roles,
      handle: async ({ params }) => ({ body: await entryView(kernel, params["id"] as EntryId) }),
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
      query: whoQuery,
      handle: async ({ query: { before, ...query } }) => ({
        body: await who(kernel, { ...query, ...(before === undefined ? {} : { before }) }),
      }),
    }),
    route({
      method: "GET",
      url: "/v1/agents/:id/acts",
      callers: readers,
      query: actsQuery,
      handle: async ({ params, query: { limit, ...range }, caller }) => {
        const agent = params["id"] ?? "";
        await assertMaySee(kernel, agent, caller);
        return { body: await who(kernel, { agent, limit, ...rangeOf(range) }) };
      },
    }),
  ];
}

/** What an agent did is for its owner and for auditors. */
async function assertMaySee(kernel: Kernel, id: string, caller: Caller): Promise<void> {
  const agent = await kernel.store.get("agent", id);
  if (agent === null) throw new AppError("request.not_found", { detail: `there is no agent \`${id.slice(0, 64)}\`` });
  if (caller.kind !== "human" || caller.human.id === agent.terms.owner) return;
  if (!roles.some((role) => caller.human.terms.roles.includes(role)))
    throw new AppError("request.forbidden", { detail: "only its owner and auditors see what an agent did" });
}

function rangeOf({ before, since, until, task }: Omit<z.output<typeof actsQuery>, "limit">): {
  before?: number;
  since?: number;
  until?: number;
  task?: string;
} {
  return {
    ...(before === undefined ? {} : { before }),
    ...(since === undefined ? {} : { since: Date.parse(since) }),
    ...(until === undefined ? {} : { until: Date.parse(until) }),
    ...(task === undefined ? {} : { task }),
  };
}

function fileResponse(file: PublicFile | null): Response {
  if (file === null) throw new AppError("request.not_found", { detail: "the ledger has no such file" });
  return { type: file.contentType, body: Buffer.from(file.bytes), headers: { "cache-control": file.cacheControl } };
}
