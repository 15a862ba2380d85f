import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { importSigningKey } from "@countersign/credentials";
import { refusalOf } from "../../support/installation.ts";
import { TaskClient } from "../../support/workstation.ts";
import type { Call, Received } from "../check/history.ts";
import { type Sightings, appendLine, nowMs } from "../sightings.ts";
import { type Seen, seeingFetch } from "./seeing-fetch.ts";
import type { Work } from "./wire.ts";

/** How long an agent waits for an answer: longer than the gateway waits for the upstream. */
const PATIENCE_MS = 15_000;
/** Between calls that get no answer. */
const PAUSE_MS = 250;
const LARGE_BYTES = 300_000;
/** Refusals after which trying again is of no use. */
const STOPPED = /^(brake|task)\./;

type Told = Pick<Received, "what" | "code" | "reason" | "entry">;

/** One agent that calls, and calls again; refused because it is stopped, it rests until it is told to try. */
export class Worker {
  private readonly work: Work;
  private readonly log: string;
  private readonly sightings: Sightings;
  private readonly ended = new AbortController();
  private client: Client | null = null;
  private calls = 0;
  /** When the last byte of the answer to each call that is under way came. */
  private readonly last = new Map<string, Seen>();
  private wake: () => void = () => undefined;

  constructor(work: Work, log: string, sightings: Sightings) {
    this.work = work;
    this.log = log;
    this.sightings = sightings;
  }

  async run(): Promise<void> {
    while (!this.ended.signal.aborted)
      if ((await this.act()) === "stopped") await new Promise<void>((resolve) => (this.wake = resolve));
    await this.leave();
  }

  retry(): void {
    this.wake();
  }

  end(): void {
    this.ended.abort();
    this.wake();
  }

  private async act(): Promise<"stopped" | "goes on"> {
    const { by, ...more } = this.nextCall();
    const begunAt = nowMs();
    const told = await this.toldOf(by, more);
    // What is under way when the agent ends is nobody's fault.
    if (told.what === "unanswered" && this.ended.signal.aborted) return "goes on";
    const seen = this.last.get(by.call) ?? this.sightings.now();
    this.last.delete(by.call);
    appendLine(this.log, { ...by, begunAt, ...seen, ...told } satisfies Received);
    if (told.what === "result") return "goes on";
    if (told.code !== null && STOPPED.test(told.code)) return "stopped";
    await delay(PAUSE_MS);
    return "goes on";
  }

  private async toldOf(by: Call, more: object): Promise<Told> {
    try {
      this.client ??= await this.connect();
      const options = { signal: this.ended.signal, timeout: PATIENCE_MS };
      const name = by.effect === "read" ? "look" : "note";
      const refusal = refusalOf(await this.client.callTool({ name, arguments: { by, ...more } }, options));
      if (refusal === null) return { what: "result", code: null, reason: null, entry: null };
      const { code, reason, entry } = refusal;
      return { what: "refused", code, reason, entry };
    } catch (error) {
      // No answer at all: a gateway that is gone, or cut off.
      await this.leave();
      return { what: "unanswered", code: null, reason: String(error), entry: null };
    }
  }

  /** Reads and writes; one in four takes the upstream a while, one in twenty is large both ways. */
  private nextCall(): { readonly by: Call } & Readonly<
    Record<"note" | "pad", string> & Record<"delayMs" | "size", number>
  > {
    const { name, human, device, agent, task } = this.work;
    this.calls += 1;
    const note = `${name}-${task.slice(-6)}-${String(this.calls)}`;
    const effect = randomInt(2) === 0 ? "read" : "write";
    const size = randomInt(20) === 0 ? LARGE_BYTES : 1;
    return {
      by: { call: note, human, device, agent, task, resource: `https://notes.example/${note}`, effect },
      note,
      delayMs: randomInt(4) === 0 ? randomInt(1500) : randomInt(30),
      pad: "p".repeat(size),
      size,
    };
  }

  private async connect(): Promise<Client> {
    const { task, gateway, accessToken } = this.work;
    const key = importSigningKey(this.work.key);
    const send = seeingFetch(this.sightings, (call, seen) => this.last.set(call, seen));
    const credential = new TaskClient(task, gateway, { key, accessToken, send });
    const client = new Client({ name: "agent", version: "1" }, { versionNegotiation: { mode: "auto" } });
    const { fetch } = credential;
    const transport = new StreamableHTTPClientTransport(new URL(`${gateway}/mcp/notes`), { fetch });
    await client.connect(transport, { signal: this.ended.signal, timeout: PATIENCE_MS });
    return client;
  }

  private async leave(): Promise<void> {
    const { client } = this;
    this.client = null;
    await client?.close().catch(() => undefined);
  }
}
