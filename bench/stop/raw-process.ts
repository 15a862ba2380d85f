import { once } from "node:events";
import { connect } from "node:net";
import { ACK_BYTES, PUSH_BYTES } from "./raw-fanout.ts";

/** The other end of the bare fan-out: answers each push on the connection that it came by. */
const [port = "0", count = "0"] = process.argv.slice(2);
const ack = Buffer.alloc(ACK_BYTES, "y");
for (let i = 0; i < Number(count); i += 1) {
  const socket = connect({ host: "127.0.0.1", port: Number(port), noDelay: true });
  let received = 0;
  socket.on("data", (bytes: Buffer) => {
    received += bytes.length;
    for (; received >= PUSH_BYTES; received -= PUSH_BYTES) socket.write(ack);
  });
  await once(socket, "connect");
}
process.stdout.write("{}\n");
process.once("SIGTERM", () => process.exit(0));
