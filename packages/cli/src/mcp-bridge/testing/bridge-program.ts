import { startStdioBridge } from "../stdio-bridge.ts";
import { directSend } from "./direct-send.ts";

/** The bridge as a program, to the address of its first argument. */
const bridge = startStdioBridge({
  input: process.stdin,
  output: process.stdout,
  send: directSend(process.argv[2] ?? ""),
  log: { warn: (fields, message) => void process.stderr.write(`${message} ${JSON.stringify(fields)}\n`) },
});
await bridge.done;
