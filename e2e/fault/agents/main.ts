import { Sightings } from "../sightings.ts";
import type { Told } from "./wire.ts";
import { Worker } from "./worker.ts";

/** Agents under load: `node main.ts LOG`, told over the channel to whoever forked it. */
const [, , log = ""] = process.argv;
const sightings = new Sightings();
const workers = new Map<string, Worker>();

process.on("message", (told: Told) => {
  if ("work" in told) {
    const { work } = told;
    workers.get(work.name)?.end();
    const worker = new Worker(work, log, sightings);
    workers.set(work.name, worker);
    worker.run().catch((error: unknown) => process.stderr.write(`${work.name}: ${String(error)}\n`));
  } else if ("retry" in told) {
    for (const worker of workers.values()) worker.retry();
  } else {
    process.disconnect();
  }
});
// The last of them that ends, ends this process.
process.on("disconnect", () => {
  for (const worker of workers.values()) worker.end();
  sightings.end();
});
