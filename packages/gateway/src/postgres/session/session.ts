import { type AnyRecord, type Decision, covers } from "@countersign/core";
import { type Disposition, endingOf, namesOf } from "@countersign/enforce";
import type { StatementFacts, Verdict } from "../judge/index.ts";
import {
  type FrontendMessage,
  SYNC,
  readParameterStatus,
  writeError,
  writeParameterStatus,
  writeQuery,
  writeReady,
} from "../wire/index.ts";
import type { Ceilings } from "../ceilings.ts";
import { askState } from "./ask-state.ts";
import { Gathered } from "./batch.ts";
import { ceilingsOf, withinCeilings } from "./ceilings-of.ts";
import type { Deed, End, Rested, Within } from "./deed.ts";
import { Extended } from "./extended.ts";
import { NOT_JUDGED, STOPPED, TASK_OVER, writeNotDone, writeStopped } from "./ends.ts";
import { formCall } from "./form-call.ts";
import { countedBy } from "./counted-by.ts";
import { feedCopy } from "./feed-copy.ts";
import { mayBeHeld } from "./may-be-held.ts";
import { endsSession, writeRefusal } from "./refusal.ts";
import type { Listener } from "./replies.ts";
import { type ServerMessage, ServerSide } from "./server-side.ts";
import type { SessionParts } from "./session-parts.ts";
import { SessionState } from "./session-state.ts";
import { serverTexts } from "./server-texts.ts";
import { maySpeak } from "./may-speak.ts";
import { type ActionSides, StatementAction, type Step } from "./statement-action.ts";

/** How long leaving a server may take that does not answer. */
const LEAVE_MS = 5000;

/**
 * One client, one connection to the server. Messages are taken one after the other, each to its end:
 *
 * | mode     | Query, Parse, Bind, … | Sync                  | CopyData, CopyDone, CopyFail |
 * | ready    | carried out           | ends the batch        | passed over (a COPY failed)  |
 * | skipping | passed over           | ends the batch: ready | passed over                  |
 *
 * A batch is what comes between two Syncs; an error or a refusal within it leads to skipping.
 */
export class Session {
  mode: "ready" | "skipping" = "ready";
  /** Something was executed since the last Sync: the server has an open transaction, if no block then one of its own. */
  isDirty = false;
  readonly parts: SessionParts;
  /** Of what the gateway itself prepares on this connection: no client gives it. */
  readonly ownName: string;
  readonly server: ServerSide;
  readonly state: SessionState = new SessionState();
  readonly #extended: Extended;
  /** What the open transaction touched. */
  #touched = new Set<string>();
  readonly #alive = new Set<StatementAction>();
  #current: { readonly action: StatementAction; readonly cancel: AbortController } | null = null;
  readonly #over = Promise.withResolvers<void>();
  #kept: () => void = () => undefined;
  #leaving: Promise<boolean> | null = null;
  #isOver = false;

  constructor(parts: SessionParts, noPortal: string) {
    this.parts = parts;
    this.ownName = noPortal;
    const { connection, status } = parts.server;
    this.server = new ServerSide({
      connection,
      status,
      noPortal,
      aside: (event, to) => this.#aside(event, to),
      onLost: () => this.#lost(),
    });
    this.#extended = new Extended(this);
    this.server.begin();
    parts.client.onClose(() => this.#clientLeft());
  }

  /** Serves the client until one side ends, and all that it began has. Never rejects. */
  async run(): Promise<void> {
    await this.#serve();
    await this.#leaving;
    this.#over.resolve();
  }

  /** Resolves when {@link run} has. */
  async ended(): Promise<void> {
    await this.#over.promise;
  }

  async #serve(): Promise<void> {
    const { client, log } = this.parts;
    try {
      while (!this.#isOver && (await client.ready())) {
        const message = client.take();
        if (message !== null) await this.#take(message);
      }
    } catch (error) {
      log.error({ err: error }, "a session of PostgreSQL failed");
      this.#fatal("XX000", "the gateway failed; look before you try again");
    }
    this.close();
  }

  get isInBlock(): boolean {
    return this.server.status !== "I" || this.isDirty;
  }

  /** The client asked to give up what runs. It reaches nothing but this session. */
  cancel(): void {
    if (this.#current === null) return;
    const { action, cancel } = this.#current;
    if (action.state === "deciding") cancel.abort();
    else if (action.state === "running") this.server.connection.cancel().catch(() => undefined);
  }

  /** INV-3: something was stopped. Of what it covers nothing more goes out; what is open is taken back by {@link #undo}. */
  noticed(record: AnyRecord): void {
    const ending = endingOf(record);
    if (ending === null || this.#isOver) return;
    if (covers(ending.scope, this.parts.claims.chain, [...this.#touched])) this.parts.client.cutUnread();
  }

  /** The lease is lost: a stop that this point was not told of may count on it that nothing is under way. */
  leaseLost(): void {
    this.parts.client.cutUnread();
  }

  taskOver(): void {
    if (this.#isOver) return;
    this.parts.client.cutUnread();
    if (!this.#isRunning()) this.#endWith(TASK_OVER);
  }

  /** A stop reached the open transaction: the session ends, and with it what is open. */
  async #undo(decision: Decision): Promise<Disposition> {
    // What runs and was stopped with it, in this tick, cancels and tells its client itself.
    await Promise.resolve();
    const action = this.#isRunning() ? this.#current?.action : undefined;
    if (action === undefined || action.state === "running" || action.state === "copying") this.#endWith(decision);
    else await action.ended();
    const isBack = (await this.#leaving) ?? this.server.status === "I";
    return isBack ? "rolled_back" : "unknown";
  }

  /** Keeps the open transaction in reach of stops. */
  #keep({ intent }: StatementAction): void {
    this.#kept();
    const { point, claims } = this.parts;
    const isOpen = this.isInBlock && intent !== null && !this.#isOver;
    this.#kept = isOpen
      ? point.keep({
          chain: claims.chain,
          names: [...this.#touched],
          intent,
          undo: async (decision) => await this.#undo(decision),
        })
      : () => undefined;
  }

  /** What runs was marked: it is cancelled, and tells its client itself. */
  #isRunning(): boolean {
    return this.#current !== null && this.#current.action.state !== "open";
  }

  /** Ends: what runs is cancelled and what is open rolled back before the server is left. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.parts.client.close();
    this.#leaving = this.#leave();
  }

  /** Whether the server confirmed that nothing is open any more. Never rejects. */
  async #leave(): Promise<boolean> {
    const { connection } = this.server;
    const timer = setTimeout(() => connection.destroy(), LEAVE_MS);
    const alive = [...this.#alive];
    for (const action of alive) action.stop();
    await Promise.allSettled(alive.map(async (action) => await action.ended()));
    const isBack = await this.#rolledBack();
    clearTimeout(timer);
    this.#kept();
    connection.end();
    return isBack;
  }

  async #rolledBack(): Promise<boolean> {
    if (this.server.connection.isClosed) return false;
    if (this.isDirty && this.mode === "ready") await this.server.failTransaction("batch");
    if (this.isDirty || this.mode === "skipping") await this.server.ask(SYNC, ["sync"]);
    return await this.server.rollBack();
  }

  /** Judges a text as the session stands. What cannot be judged is refused. */
  async judge(sql: string, types?: readonly number[]): Promise<Verdict> {
    try {
      if (this.state.isStale && !this.isDirty && this.server.status !== "E")
        await askState(serverTexts(this.server, this.ownName), this.state);
      return await this.parts.database.judge(sql, this.state.judged(this.isInBlock, types));
    } catch (error) {
      this.parts.log.error({ err: error, upstream: this.parts.name }, "a statement could not be judged");
      return NOT_JUDGED;
    }
  }

  /** Takes one deed through the enforcement point. */
  async act(deed: Deed, within: Within): Promise<{ readonly end: End; readonly action: StatementAction }> {
    const { claims } = this.parts;
    const ceilings = ceilingsOf(this.parts, deed);
    const action = new StatementAction(this.#sidesOf(deed, ceilings), deed.plan);
    const cancel = new AbortController();
    const wasInBlock = this.isInBlock;
    this.#alive.add(action);
    this.#current = { action, cancel };
    if (deed.verdict !== null) this.state.before(deed.verdict);
    // No transaction waits for a person.
    const call = withinCeilings(deed, ceilings);
    const asked = { claims, call, signal: cancel.signal, ...(wasInBlock ? { waitMs: 0 } : {}) };
    await action.begin(asked, wasInBlock ? action : mayBeHeld(this, action, { deed, ceilings }));
    return { end: await this.#rested({ action, deed, within, wasInBlock }), action };
  }

  #sidesOf(deed: Deed, ceilings: Ceilings | null): ActionSides {
    return {
      point: this.parts.point,
      client: this.parts.client,
      server: this.server,
      onStopped: () => this.#endWith(STOPPED),
      ...countedBy({ session: this, deed, ceilings }, (reason) => this.#fatal("54000", reason)),
    };
  }

  /** Goes on with an action that is open. */
  async resume({ action, deed }: { readonly action: StatementAction; readonly deed: Deed }, step: Step): Promise<End> {
    this.#current = { action, cancel: new AbortController() };
    await action.resume(step);
    return await this.#rested({ action, deed, within: "batch", wasInBlock: true });
  }

  /** What follows from how an action came to rest. */
  async #rested({ action, deed, within, wasInBlock }: Rested): Promise<End> {
    await feedCopy(this.parts.client, action);
    this.#current = null;
    if (action.isSent) this.#noteSent(action, deed);
    if (action.state === "open") return "open";
    this.#alive.delete(action);
    if (this.#isOver) return "ended";
    if (action.isAnswered) return "answered";
    if (action.refused === null && action.isSent) {
      this.#fatal("08006", "what became of the statement is not known; look before you try again");
      return "ended";
    }
    if (action.refused !== null && endsSession(action.refused)) {
      this.parts.client.end(writeRefusal(action.refused, { isInBlock: false, sql: null, fault: null }));
      this.close();
      return "ended";
    }
    await this.refuse(writeNotDone(action.refused, deed, wasInBlock), within);
    return "refused";
  }

  /** Tells the client that something was not done, and makes what is open fail, so that both sides agree. */
  async refuse(error: Buffer, within: Within): Promise<void> {
    const isOpen = this.server.status === "T" || this.isDirty;
    await this.#extended.flush();
    if (this.mode === "skipping") return;
    if (isOpen) await this.server.failTransaction(within === "query" ? "block" : "batch");
    this.parts.client.write(error);
    if (within === "batch") this.mode = "skipping";
    else {
      this.isDirty = false;
      this.parts.client.write(writeReady(this.server.status));
    }
  }

  maySpeak(): boolean {
    return maySpeak(this.parts);
  }

  /** The server is ready again. */
  ready(): void {
    this.state.ready(this.server.status);
    if (this.isInBlock) return;
    this.#touched.clear();
    this.#kept();
  }

  async #take(message: FrontendMessage): Promise<void> {
    switch (message.type) {
      case "terminate":
        return this.close();
      case "malformed":
        return this.#fatal("08P01", `the message is not of the protocol: ${message.reason}`);
      case "copyData":
      case "copyDone":
      case "copyFail":
        return;
      case "query":
        if (this.mode === "ready") await this.#query(message.sql);
        return;
      case "functionCall":
        await this.#extended.flush();
        if (this.mode === "ready")
          await this.refuse(
            writeError({
              severity: "ERROR",
              sqlState: "42501",
              message: "function calls of the protocol are refused; write a statement",
            }),
            "query",
          );
        return;
      case "parse":
      case "bind":
      case "describe":
      case "execute":
      case "close":
      case "flush":
      case "sync":
        return await this.#extended.take(message);
      default:
        message satisfies never;
    }
  }

  async #query(sql: string): Promise<void> {
    await this.#extended.beforeQuery();
    if (this.mode !== "ready" || this.#isOver) return;
    const verdict = await this.judge(sql);
    const call = formCall({ database: this.parts.name, sql, bind: null, searchPath: this.state.searchPath, verdict });
    const step = { before: () => new Gathered().take(), bytes: writeQuery(sql), asked: ["query"] as const };
    const { end } = await this.act({ call, plan: { kind: "text", step }, sql, verdict }, "query");
    if (end === "ended") return;
    this.isDirty = false;
    this.ready();
    await this.#extended.afterReady();
  }

  #noteSent(action: StatementAction, { call, verdict }: Deed): void {
    for (const name of namesOf(call)) this.#touched.add(name);
    this.isDirty = !action.isSynced;
    if (verdict !== null && action.state !== "open") this.#ran(verdict, action.isAnswered && !action.hasFailed);
    this.ready();
    this.#keep(action);
  }

  #ran(verdict: Verdict, isOk: boolean): void {
    this.state.after(verdict, isOk);
    const moves = ({ changesCatalogue }: StatementFacts): boolean => changesCatalogue;
    if (verdict.verdict === "unknown" || verdict.statements.some(moves)) this.parts.database.moved();
  }

  #aside(event: ServerMessage, to: Listener | null): void {
    const code = String.fromCharCode(event.code);
    if (code === "E") {
      this.parts.client.end(event.bytes);
      return this.close();
    }
    if (code === "S") return this.#parameter(event, to);
    if (to?.aside !== undefined && (code === "N" || this.maySpeak())) to.aside(event.bytes);
    else if (this.maySpeak()) this.parts.client.write(event.bytes);
  }

  #parameter({ body }: ServerMessage, to: Listener | null): void {
    const said = readParameterStatus(body);
    // What is judged is read as UTF-8; a server that reads it otherwise does something else.
    if (said === null || (said.name === "client_encoding" && said.value !== "UTF8"))
      return this.#fatal("0A000", "only UTF8 is spoken here as the client's encoding");
    if (said.name === "standard_conforming_strings") this.state.isStandardStrings = said.value === "on";
    const bytes = writeParameterStatus(said.name, said.value);
    if (to?.aside !== undefined) to.aside(bytes);
    else this.parts.client.write(bytes);
  }

  #clientLeft(): void {
    if (this.#current?.action.state === "deciding") this.#current.cancel.abort();
    this.close();
  }

  #lost(): void {
    for (const action of this.#alive) action.lost();
    this.#fatal("08006", "the connection to the server was lost");
  }

  #endWith(decision: Decision): void {
    this.parts.client.end(writeStopped(decision));
    this.close();
  }

  #fatal(sqlState: string, message: string): void {
    if (this.#isOver) return;
    this.parts.client.end(writeError({ severity: "FATAL", sqlState, message }));
    this.close();
  }
}
