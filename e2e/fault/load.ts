import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Told, Work } from "./agents/wire.ts";
import type { Arrived, Received } from "./check/history.ts";

const UPSTREAM = join(import.meta.dirname, "upstream", "main.ts");
const AGENTS = join(import.meta.dirname, "agents", "main.ts");

/** An upstream in a process of its own, with its log. */
export class Upstream {
  readonly url: string;
  private readonly log: string;
  private readonly child: ChildProcess;

  private constructor(url: string, log: string, child: ChildProcess) {
    this.url = url;
    this.log = log;
    this.child = child;
  }

  static async start(log: string): Promise<Upstream> {
    const child = spawn(process.execPath, [UPSTREAM, log], { stdio: ["ignore", "pipe", "inherit"] });
    process.on("exit", () => child.kill("SIGKILL"));
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    return new Upstream(line.toString().trim(), log, child);
  }

  arrived(since: number): readonly Arrived[] {
    return lines<Arrived>(this.log).filter(({ at }) => at >= since);
  }

  end(): void {
    this.child.kill("SIGKILL");
  }
}

/** Agents in a process of their own, with their log. */
export class Agents {
  private readonly log: string;
  private readonly child: ChildProcess;

  constructor(log: string) {
    this.log = log;
    this.child = fork(AGENTS, [log]);
  }

  begin(work: Work): void {
    this.tell({ work });
  }

  retry(): void {
    this.tell({ retry: true });
  }

  async end(): Promise<void> {
    const ended = once(this.child, "exit");
    this.tell({ end: true });
    await ended;
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  received(): readonly Received[] {
    return lines<Received>(this.log);
  }

  private tell(told: Told): void {
    if (this.child.connected) this.child.send(told);
  }
}

/** What a process that was killed had begun to write is no line. */
function lines<T>(log: string): readonly T[] {
  const text = readFileSync(log, { encoding: "utf8", flag: "a+" });
  return text
    .slice(0, text.lastIndexOf("\n") + 1)
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as T]));
}
