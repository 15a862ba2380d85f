import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { GatewayLog } from "../gateway-log.ts";
import type { Channel, ChannelEvents, Outgoing, Reserved, UpstreamFault } from "./channel.ts";
import { endProcess, sweepAtExit } from "./end-process.ts";
import { LineReader } from "./line-reader.ts";

export interface StdioOptions {
  readonly upstream: string;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Values that must not reach the log, should the program print them. */
  readonly secrets: readonly string[];
  readonly answerBytes: number;
  readonly log: GatewayLog;
  readonly events: ChannelEvents;
}

/** Lines that are no message (a banner, a stray print) which are passed over before the upstream counts as garbage. */
const NOISE_LINES = 100;
/** How much of an upstream's own error output is logged, in bytes, over its whole life. */
const STDERR_BYTES = 64 * 1024;
const OPEN_BRACE = 0x7b;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** An upstream that is a child process: one JSON-RPC message a line, in a process group of its own, without a shell. */
export class StdioChannel implements Channel {
  readonly abortCancels = false;
  readonly #options: StdioOptions;
  readonly #child: Child;
  #noise = 0;
  #ended: UpstreamFault | null = null;

  constructor(options: StdioOptions) {
    this.#options = options;
    const [program = "", ...args] = options.command;
    this.#child = spawn(program, args, {
      shell: false,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...options.environment },
      cwd: options.cwd,
    });
    sweepAtExit(this.#child);
    this.#watch();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  reserve(message: Outgoing): Promise<Reserved> {
    if (this.#ended !== null) return Promise.resolve({ ok: false, ...this.#ended });
    const { stdin } = this.#child;
    let sent = false;
    return Promise.resolve({
      ok: true,
      send: () => {
        sent = true;
        stdin.write(message.bytes);
      },
      abort: () => {
        // INV-3: bytes that the upstream has not taken would still go out after a stop was acknowledged: they go with it.
        if (!sent || stdin.writableLength === 0) return;
        stdin.destroy();
        this.#giveUp("upstream.down", "the upstream had not read the call when it was stopped");
      },
    });
  }

  adopt(): void {
    // A pipe has no headers that could carry a version.
  }

  async close(reason: string): Promise<void> {
    this.#end({ code: "upstream.down", reason });
    await endProcess(this.#child);
  }

  #watch(): void {
    const child = this.#child;
    const { answerBytes } = this.#options;
    const lines = new LineReader(answerBytes, (line) => this.#line(line));
    child.stdout.on("data", (chunk: Buffer) => {
      if (this.#ended !== null) return;
      if (!lines.feed(chunk))
        this.#giveUp("upstream.garbage", `the upstream sent a message of more than ${String(answerBytes)} bytes`);
    });
    this.#logErrors();
    child.once("error", (error: NodeJS.ErrnoException) => {
      this.#giveUp(
        "upstream.down",
        `the program of the upstream cannot be started (${error.code ?? "unknown"}); check its command`,
      );
    });
    child.once("close", (code, signal) => {
      this.#end({ code: "upstream.down", reason: `the upstream ended (${signal ?? `exit code ${String(code)}`})` });
    });
    // A broken pipe is followed by the end of the child, which is what is reported.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on("error", () => undefined);
  }

  #line(line: Buffer): void {
    if (this.#ended !== null || line.length === 0) return;
    if (line[0] === OPEN_BRACE || line.subarray(0, 16).toString("latin1").trimStart().startsWith("{")) {
      this.#options.events.message(line, null);
      return;
    }
    this.#noise += 1;
    if (this.#noise > NOISE_LINES) this.#giveUp("upstream.garbage", "the upstream writes lines that are not JSON-RPC");
  }

  #logErrors(): void {
    const { log, upstream } = this.#options;
    let left = STDERR_BYTES;
    const lines = new LineReader(STDERR_BYTES, (line) => {
      log.debug(
        { upstream, line: this.#withoutSecrets(line.toString("utf8").slice(0, 2000)) },
        "upstream wrote to its error output",
      );
    });
    this.#child.stderr.on("data", (chunk: Buffer) => {
      const part = chunk.subarray(0, Math.max(0, left));
      left -= part.length;
      if (part.length > 0) lines.feed(part);
    });
  }

  // INV-9: an upstream that prints its environment must not put a secret into our log.
  #withoutSecrets(text: string): string {
    return this.#options.secrets.reduce(
      (out, secret) => (secret === "" ? out : out.replaceAll(secret, "[secret]")),
      text,
    );
  }

  #giveUp(code: UpstreamFault["code"], reason: string): void {
    this.#end({ code, reason });
    endProcess(this.#child).catch((error: unknown) => {
      this.#options.log.error({ err: error, upstream: this.#options.upstream }, "upstream process not ended");
    });
  }

  #end(fault: UpstreamFault): void {
    if (this.#ended !== null) return;
    this.#ended = fault;
    this.#options.events.lost(null, fault);
  }
}
