import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ReadyChild, startChild } from "../child.ts";
import { registered, writeConfiguration } from "../gateway/installation.ts";
import { rounded } from "../statistics.ts";
import { someoneWithAgents } from "../scale/directory.ts";
import { ECHO_COMMAND } from "../gateway/peers.ts";

const AGENTS = [10, 1000, 10_000] as const;
const LAUNCHER = fileURLToPath(new URL("../../bin/countersign", import.meta.url));

/** Milliseconds from the call to its receipt, by the number of agents of the person who leaves. */
export async function offboarding(folder: string): Promise<Record<number, number>> {
  const data = join(folder, "offboard");
  const people = new Map<number, string>();
  for (const count of AGENTS) people.set(count, await someoneWithAgents(data, count));
  const config = await writeConfiguration(folder, { echo: ECHO_COMMAND });
  const up: ReadyChild<{ api: string; setupUrl: string }> = await startChild(
    [LAUNCHER, "up", "--json", "--data", data, "--config", config],
    { cwd: folder, env: { PATH: process.env["PATH"], HOME: folder } },
  );
  try {
    const { person } = await registered(up.ready.api, up.ready.setupUrl);
    const times: Record<number, number> = {};
    for (const [count, human] of people) {
      const begun = performance.now();
      await person.json(`/v1/humans/${human}/offboard`, { reason: "bench" });
      times[count] = rounded(performance.now() - begun, 1);
    }
    return times;
  } finally {
    await up.end();
  }
}
