import {
  type BackendEvent,
  type BindMessage,
  type ExecuteMessage,
  FLUSH,
  type FrontendMessage,
  type ParseMessage,
  SYNC,
  writeBind,
  writeClose,
  writeDescribe,
  writeError,
  writeExecute,
  writeParse,
  writeReady,
} from "../wire/index.ts";
import { Gathered } from "./batch.ts";
import { besideCall, formCall } from "./form-call.ts";
import type { Asked, Listener } from "./replies.ts";
import type { Deed, End } from "./deed.ts";
import type { Session } from "./session.ts";
import type { Prepared } from "./session-state.ts";
import type { StatementAction } from "./statement-action.ts";

type Message = Exclude<
  FrontendMessage,
  { type: "query" | "terminate" | "malformed" | "functionCall" | "copyData" | "copyDone" | "copyFail" }
>;
interface Bound {
  readonly bind: BindMessage;
  readonly prepared: Prepared;
  isDescribed: boolean;
}
interface Portal {
  readonly action: StatementAction;
  readonly deed: Deed;
}

/**
 * The extended protocol. Parse, Describe of a statement and Close wait until something needs them at the server; a Bind waits for its Execute,
 * or for what wants it sooner: there its action begins, and it lives as long as its portal.
 */
export class Extended {
  readonly #session: Session;
  readonly #gathered = new Gathered();
  readonly #portals = new Map<string, Portal>();
  #pending: Bound | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  async take(message: Message): Promise<void> {
    if (this.#session.mode === "skipping" && message.type !== "sync") return;
    switch (message.type) {
      case "parse":
        return await this.#parse(message);
      case "bind":
        return await this.#bind(message);
      case "describe":
        return await this.#describe(message);
      case "execute":
        return await this.#execute(message);
      case "close":
        return await this.#close(message);
      case "flush":
        await this.#openPending();
        return await this.flush();
      case "sync":
        return await this.#sync();
      default:
        message satisfies never;
    }
  }

  /** Sends what waits, and resolves when the client was told of it. */
  async flush(): Promise<void> {
    const { bytes, expected } = this.#gathered.take();
    if (expected.length === 0) return;
    this.#session.server.send(Buffer.concat([bytes, FLUSH]), expected);
    await this.#session.server.settled();
  }

  /** A Query ends what was begun without a name. */
  async beforeQuery(): Promise<void> {
    if (this.#session.mode === "skipping") return;
    await this.#openPending();
    await this.flush();
    await this.#forget("");
  }

  /** Portals live within a transaction. */
  async closePortals(): Promise<void> {
    for (const name of this.#portals.keys()) await this.#forget(name);
  }

  async afterReady(): Promise<void> {
    if (this.#session.server.status !== "T") await this.closePortals();
  }

  async #parse(message: ParseMessage): Promise<void> {
    const session = this.#session;
    await this.#openPending();
    const verdict = await session.judge(message.sql, message.types);
    if (verdict.verdict === "refused") {
      const call = formCall({ database: session.parts.name, sql: message.sql, bind: null, searchPath: [], verdict });
      return void (await session.act({ call, plan: nothing(), sql: message.sql, verdict }, "batch"));
    }
    if (!(await this.#maySpeak())) return;
    const { statements } = session.state;
    const before = statements.get(message.name);
    statements.set(message.name, { sql: message.sql, types: message.types });
    const undo = (how: "failed" | "skipped"): void => {
      // The server forgets the one without a name before it reads the next.
      if (before === undefined || (message.name === "" && how === "failed")) statements.delete(message.name);
      else statements.set(message.name, before);
    };
    this.#gathered.add(writeParse(message), { asked: "parse", listener: this.#beside({ undo }) });
    await this.#bounded();
  }

  async #bind(message: BindMessage): Promise<void> {
    await this.#openPending();
    const prepared = this.#session.state.statements.get(message.statement);
    if (prepared === undefined)
      return await this.#fault("26000", `prepared statement "${message.statement}" does not exist`);
    if (message.portal === "") await this.#forget("");
    if (this.#portals.has(message.portal))
      return await this.#fault("42P03", `portal "${message.portal}" already exists`);
    this.#pending = { bind: message, prepared, isDescribed: false };
  }

  async #describe({ of, name }: Extract<Message, { type: "describe" }>): Promise<void> {
    if (of === "P" && this.#pending?.bind.portal === name && !this.#pending.isDescribed) {
      this.#pending.isDescribed = true;
      return;
    }
    await this.#openPending();
    if (of === "P") return await this.#goOn(name, { bytes: writeDescribe("P", name), asked: ["describe"] });
    if (!this.#session.state.statements.has(name))
      return await this.#fault("26000", `prepared statement "${name}" does not exist`);
    if (!(await this.#maySpeak())) return;
    this.#gathered.add(writeDescribe("S", name), { asked: "describe", listener: this.#beside({}) });
    await this.#bounded();
  }

  async #execute({ portal, limit }: ExecuteMessage): Promise<void> {
    const execute = { bytes: writeExecute(portal, limit), asked: ["execute"] as const };
    if (this.#pending?.bind.portal === portal) return await this.#run(this.#pending, execute);
    await this.#openPending();
    await this.#goOn(portal, execute);
  }

  async #close({ of, name }: Extract<Message, { type: "close" }>): Promise<void> {
    await this.#openPending();
    const done = (): void => void (of === "S" && this.#session.state.statements.delete(name));
    this.#gathered.add(writeClose(of, name), { asked: "close", listener: this.#beside({ done }) });
    if (of === "S") return await this.#bounded();
    await this.flush();
    await this.#forget(name);
  }

  async #sync(): Promise<void> {
    const session = this.#session;
    await this.#openPending();
    const { server, mode, isDirty } = session;
    // What was executed since the last Sync is committed by this one.
    if (mode === "ready" && isDirty && server.status === "I" && this.#portals.size === 0) {
      const step = { before: () => this.#gathered.take(), bytes: SYNC, asked: ["sync"] as const };
      const call = besideCall(session.parts.name, "sync");
      const { end } = await session.act({ call, plan: { kind: "text", step }, sql: null, verdict: null }, "query");
      if (end !== "ended") this.#ready();
      return;
    }
    const before = this.#gathered.take();
    const events = await server.ask(Buffer.concat([before.bytes, SYNC]), ["sync"], before.expected);
    if (events === null) return;
    this.#ready();
    await this.afterReady();
    for (const event of events) if (isError(event)) session.parts.client.write(event.bytes);
    session.parts.client.write(writeReady(server.status));
  }

  #ready(): void {
    this.#session.mode = "ready";
    this.#session.isDirty = false;
    this.#session.ready();
  }

  /** Begins the action of a Bind that nobody has executed yet. */
  async #openPending(): Promise<void> {
    if (this.#pending !== null && this.#session.mode === "ready")
      await this.#run(this.#pending, { bytes: FLUSH, asked: [] });
    this.#pending = null;
  }

  /** Begins the action of a portal. */
  async #run({ bind, prepared, isDescribed }: Bound, more: Piece): Promise<void> {
    this.#pending = null;
    const session = this.#session;
    const verdict = await session.judge(prepared.sql, prepared.types);
    const { sql } = prepared;
    const call = formCall({ database: session.parts.name, sql, bind, searchPath: session.state.searchPath, verdict });
    const { bytes, asked } = this.#withEnd(more);
    const step = {
      before: () => this.#gathered.take(),
      bytes: Buffer.concat([writeBind(bind), ...(isDescribed ? [writeDescribe("P", bind.portal)] : []), bytes]),
      asked: ["bind", ...(isDescribed ? (["describe"] as const) : []), ...asked] as const,
    };
    const bound = { bind, types: prepared.types };
    const deed: Deed = { call, plan: { kind: "portal", step }, sql, verdict, bound };
    const { end, action } = await session.act(deed, "batch");
    await this.#after({ end, action, deed, portal: bind.portal }, asked);
  }

  /** Goes on with a portal that is open. */
  async #goOn(name: string, more: Piece): Promise<void> {
    const portal = this.#portals.get(name);
    if (portal === undefined) return await this.#fault("34000", `portal "${name}" does not exist`);
    const { bytes, asked } = this.#withEnd(more);
    const end = await this.#session.resume(portal, { before: () => this.#gathered.take(), bytes, asked });
    await this.#after({ end, ...portal, portal: name }, asked);
  }

  async #after(
    { end, action, deed, portal }: Portal & { readonly end: End; readonly portal: string },
    asked: readonly Asked[],
  ): Promise<void> {
    const session = this.#session;
    if (end === "ended") return;
    if (end === "open") this.#portals.set(portal, { action, deed });
    else this.#portals.delete(portal);
    const tookSync = asked.at(-1) === "sync";
    if (end === "refused") return tookSync ? await this.#sync() : undefined;
    if (!action.isSynced) {
      if (action.hasFailed) session.mode = "skipping";
      return;
    }
    this.#ready();
    await this.afterReady();
  }

  /** What runs is followed by a Sync if that is what the client said next, else by a Flush: the answer is wanted now. */
  #withEnd({ bytes, asked }: Piece): Piece {
    const { client } = this.#session.parts;
    const isLast = asked.at(-1) === "execute" && client.peek()?.type === "sync" && this.#portals.size === 0;
    if (!isLast) return { bytes: Buffer.concat([bytes, FLUSH]), asked };
    client.take();
    return { bytes: Buffer.concat([bytes, SYNC]), asked: [...asked, "sync"] };
  }

  async #forget(name: string): Promise<void> {
    const portal = this.#portals.get(name);
    this.#portals.delete(name);
    await portal?.action.close();
  }

  /** Where nothing may be said any more, the refusal says why. */
  async #maySpeak(): Promise<boolean> {
    if (this.#session.maySpeak()) return true;
    const call = besideCall(this.#session.parts.name, "session");
    const { end } = await this.#session.act({ call, plan: nothing(), sql: null, verdict: null }, "batch");
    return end === "answered";
  }

  async #fault(sqlState: string, message: string): Promise<void> {
    await this.#session.refuse(writeError({ severity: "ERROR", sqlState, message }), "batch");
  }

  /** What only waits is not kept without bound. */
  async #bounded(): Promise<void> {
    if (this.#gathered.sizeBytes > GATHERED_BYTES) await this.flush();
  }

  /** Answers that belong to no action pass to the client as they come. */
  #beside({ done, undo }: Outcomes): Listener {
    return {
      event: (event) => {
        if (event.type !== "malformed") this.#session.parts.client.write(event.bytes);
      },
      over: (_asked, how) => {
        if (how === "failed") this.#session.mode = "skipping";
        if (how === "done") done?.();
        else undo?.(how);
      },
    };
  }
}

const GATHERED_BYTES = 64 * 1024;

interface Piece {
  readonly bytes: Buffer;
  readonly asked: readonly Asked[];
}
interface Outcomes {
  readonly done?: () => void;
  readonly undo?: (how: "failed" | "skipped") => void;
}

function isError(event: BackendEvent): event is Extract<BackendEvent, { type: "message" }> {
  return event.type === "message" && event.code === "E".charCodeAt(0);
}

/** Sends nothing: what matters is whether it may be said. */
function nothing(): Deed["plan"] {
  return {
    kind: "text",
    step: { before: () => new Gathered().take(), bytes: Buffer.alloc(0), asked: [] },
  };
}
