import { openStore } from "../open-store.ts";
import { Samples } from "./samples.ts";

// A process of its own that opens a data directory, writes one entry, says so, and stays until it is ended or its parent is.
const store = await openStore({ path: process.argv[2] ?? "", clock: Date.now });
const make = new Samples();
await store.commit({ entries: [make.entry(make.id("ep"))] });
process.stdout.write("held\n");
process.stdin.on("end", () => process.exit(0)).resume();
