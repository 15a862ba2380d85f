import { basename } from "node:path";
import type { Readable, Writable } from "node:stream";
import { type TaskId, isId } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { createClient } from "../client/client.ts";
import type { SignInContext } from "../client/sign-in.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT, type ExitCode } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { UsageError } from "../command/usage-error.ts";
import { workloadOf } from "../mandate/workload.ts";
import { createSend } from "../mcp/governed-send.ts";
import { PostureReports } from "../mcp/posture-reports.ts";
import { TaskLink } from "../mcp/task-link.ts";
import { type Send, startListenBridge, startStdioBridge } from "../mcp-bridge/index.ts";
import { visible } from "../output/visible-text.ts";
import { tellingDesktop } from "../waiting/tell-desktop.ts";

/** Names that can stand in the address of a gateway. */
const UPSTREAM = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** `countersign mcp`: an MCP server for any client. Whatever happens it comes up; calls that cannot pass are refused with the reason. */
export const mcp: Command = command({
  name: "mcp",
  summary: "Be an MCP server (stdio, or loopback HTTP) whose calls pass the gateway under a task of their own",
  flags: {
    upstream: {
      kind: "operand",
      shown: "SERVER",
      about: "the server behind the gateway; see `countersign upstream list`",
    },
    agent: { kind: "text", value: "AGENT", about: "who acts: id or name", required: true },
    task: { kind: "text", value: "TSK", about: "join a task that was opened before" },
    purpose: {
      kind: "text",
      value: "TEXT",
      about: "what the task is for (default: work in the current folder, or what the mandate says)",
    },
    mandate: { kind: "text", value: "MDT", about: "work while nobody is signed in: a mandate, or its workload file" },
    gateway: {
      kind: "text",
      value: "NAME",
      about: "the gateway to go through: name or address (default: the server's own)",
    },
    listen: { kind: "text", value: "127.0.0.1:0", about: "serve HTTP on this loopback address instead of stdio" },
    ...REACH,
  },
  examples: [
    { line: "mcp files --agent reader", does: "the command that an MCP client starts as its server" },
    { line: 'mcp files --agent reader --purpose "quarterly report"', does: "with a purpose that approvers see" },
    { line: "mcp files --agent nightly --mandate mdt_…", does: "unattended work: a mandate opens the task" },
    { line: "mcp files --agent reader --listen 127.0.0.1:0", does: "for clients that speak HTTP: prints the address" },
  ],
  run: async (values, cli) => {
    const fault = faultOf(values);
    if (fault !== null) throw new UsageError(fault, "mcp");
    const task = values.task === undefined ? null : taskOf(values.task);
    const listen = values.listen === undefined ? null : addressOf(values.listen);
    const workload = values.mandate === undefined ? null : workloadOf(values.mandate, cli);
    const client = createClient({ ...values, server: values.server ?? workload?.server ?? undefined }, cli);
    const context: SignInContext = {
      client,
      cli,
      device: async () => (await import("../client/this-device.ts")).thisDevice(cli),
    };
    const posture = new PostureReports(context, workload);
    const link = new TaskLink({
      context,
      agent: values.agent,
      purpose: values.purpose ?? (workload === null ? `work in ${basename(cli.env.cwd) || "/"}` : null),
      task,
      workload,
      gateway: values.gateway,
      runtime: async () => await (await import("@countersign/device")).readRuntime(process.ppid),
      reportPosture: async () => await posture.fresh(),
    });
    const { now, random } = cli;
    const governed = createSend({ link, transport: client.transport, upstream: values.upstream, now, random });
    const send = tellingDesktop(governed, { client, cli, task: () => link.task });
    try {
      return listen === null ? await serveStdio(send, cli) : await serveHttp(send, listen, cli);
    } finally {
      posture.stop();
      await link.end();
      client.close();
    }
  },
});

interface Asked {
  readonly upstream: string;
  readonly task: string | undefined;
  readonly purpose: string | undefined;
  readonly mandate: string | undefined;
}

function faultOf({ upstream, task, purpose, mandate }: Asked): string | null {
  if (!UPSTREAM.test(upstream)) return `\`${upstream}\` is no name of a server`;
  if (task === undefined) return null;
  if (purpose !== undefined) return "either `--task` or `--purpose`, not both";
  if (mandate !== undefined) return "either `--task` or `--mandate`, not both";
  return null;
}

function taskOf(text: string): TaskId {
  if (isId("tsk", text)) return text;
  throw new UsageError(`\`${text}\` is no task id (tsk_…)`, "mcp");
}

async function serveStdio(send: Send, cli: Cli): Promise<ExitCode> {
  const log = {
    warn: (fields: object, message: string) => {
      cli.stderr.write(`countersign: ${message}${reasonOf(fields)}\n`);
    },
  };
  const bridge = startStdioBridge({
    input: cli.stdin as Readable,
    output: cli.stdout as unknown as Writable,
    send,
    log,
  });
  cli.signal.addEventListener("abort", () => bridge.close(), { once: true });
  if (cli.signal.aborted) bridge.close();
  await bridge.done;
  // A paused standard input would keep the process alive.
  (cli.stdin as Readable).destroy();
  return EXIT.ok;
}

async function serveHttp(send: Send, { host, port }: Address, cli: Cli): Promise<ExitCode> {
  const bridge = await startListenBridge({ host, port, send, random: cli.random });
  cli.stdout.write(`${JSON.stringify({ event: "ready", url: bridge.url })}\n`);
  if (!cli.signal.aborted) {
    await new Promise<void>((resolve) => {
      cli.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
  await bridge.close();
  return EXIT.ok;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function addressOf(text: string): Address {
  const [, bracketed, plain, digits = ""] = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain;
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new UsageError(`\`${text}\` is not of the form \`127.0.0.1:0\``, "mcp");
}

/** Class or code of what went wrong; never a message that may quote a token. */
function reasonOf(fields: object): string {
  const err = "err" in fields ? fields.err : undefined;
  if (!(err instanceof Error)) return "";
  return ` (${visible((err as NodeJS.ErrnoException).code ?? err.name)})`;
}
