import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Person } from "../../e2e/support/person.ts";
import type { Order } from "./points-process.ts";

const PROCESS = fileURLToPath(new URL("./points-process.ts", import.meta.url));

/** A process that holds many enforcement points, and the way to tell it what to do. */
export interface PointsProcess {
  readonly pid: number;
  order<T>(order: Order): Promise<T>;
  /** Joins so many more points. */
  join(count: number, admin: Person, name: string): Promise<void>;
  end(): Promise<void>;
}

export async function startPoints(server: string): Promise<PointsProcess> {
  const child: ChildProcess = spawn(process.execPath, [PROCESS, server], { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  const lines = createInterface(child.stdout as Readable)[Symbol.asyncIterator]();
  const said = async (): Promise<unknown> => {
    const line = await lines.next();
    if (line.done === true) throw new Error("the process of the points ended");
    return JSON.parse(line.value);
  };
  const order = async <T>(what: Order): Promise<T> => {
    (child.stdin as Writable).write(`${JSON.stringify(what)}\n`);
    return (await said()) as T;
  };
  await said();
  return {
    pid: child.pid ?? 0,
    order,
    async join(count, admin, name) {
      for (let i = 0; i < count; i += 1) {
        const { token } = await admin.json<{ token: string }>("/v1/points/tokens", { name: `${name}-${String(i)}` });
        await order({ join: [token] });
      }
    },
    async end() {
      child.kill("SIGTERM");
      await closed;
    },
  };
}
