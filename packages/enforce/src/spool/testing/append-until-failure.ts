import { AppError, type PointId } from "@countersign/core";
import { openSpool } from "../open-spool.ts";
import { SpooledActions, random } from "./spooled-actions.ts";

// Appends frames one after another, says how far it came, and tries once more after the first failure.
//
// node append-until-failure.ts DIRECTORY POINT
const FRAMES = 150;
const [directory = "", point = ""] = process.argv.slice(2);
const spool = await openSpool({ directory, point: point as PointId, random, clock: Date.now });
const act = new SpooledActions();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const append = async (): Promise<string | null> => {
  try {
    await spool.append(act.read());
    return null;
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
};
let failure: string | null = null;
for (let done = 1; done <= FRAMES && failure === null; done += 1) {
  failure = await append();
  if (failure === null) say(`acknowledged ${String(done)}`);
}
if (failure === null) {
  say("all written");
} else {
  say(`failed ${failure}`);
  say(`again ${(await append()) ?? "acknowledged"}`);
}
process.exit(0);
