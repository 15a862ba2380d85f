import { connect, createServer, type AddressInfo } from "node:net";

/** A bare proxy: every byte passes, nothing is read. Prints its port. */
const target = Number(process.argv[2]);
const server = createServer((client) => {
  const upstream = connect(target, "127.0.0.1");
  client.setNoDelay(true);
  upstream.setNoDelay(true);
  const end = (): void => {
    client.destroy();
    upstream.destroy();
  };
  for (const socket of [client, upstream]) socket.on("error", end).on("close", end);
  client.pipe(upstream).pipe(client);
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
process.on("SIGTERM", () => process.exit(0));
