import { AppError } from "@countersign/core";
import { openStore } from "../open-store.ts";
import { Samples } from "./samples.ts";

// Writes entries one after another, says how far it came, and tries once more after the first failure.
const ENTRIES = 150;
const store = await openStore({ path: process.argv[2] ?? "", clock: Date.now });
const make = new Samples();
const point = make.id("ep");
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const write = async (): Promise<string | null> => {
  try {
    await store.commit({ entries: [make.entry(point)] });
    return null;
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
};
let failure: string | null = null;
for (let done = 1; done <= ENTRIES && failure === null; done += 1) {
  failure = await write();
  if (failure === null) say(`acknowledged ${String(done)}`);
}
if (failure === null) {
  say("all written");
} else {
  say(`failed ${failure}`);
  say(`again ${(await write()) ?? "acknowledged"}`);
}
process.exit(0);
