import { createServer, isIPv4 } from "node:net";
import type { AddressInfo } from "node:net";
import { AppError } from "@countersign/core";

export function hostPort(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(address.slice(at + 1)) };
}

/**
 * The address to listen on. Port 0 means any free port on a new data directory and the same one ever after: passkeys and signatures
 * are bound to the origin, so it must not move. `former`: the port that this data directory had, or null.
 */
export async function settledAddress(address: string, former: number | null): Promise<string> {
  const { host, port } = hostPort(address);
  if (port !== 0) return address;
  return `${host.includes(":") ? `[${host}]` : host}:${String(former ?? (await freePort(host)))}`;
}

/** Nothing is written for an installation that cannot answer: its ledger would be named for ever after an address that it never had. @throws AppError `listen.in_use` */
export async function assertFree(addresses: Readonly<{ api: string; gateway?: string }>): Promise<void> {
  for (const [name, address] of Object.entries(addresses)) {
    const { host, port } = hostPort(address);
    await tryPort(host, port, `\`${address}\` (listen.${name}) is in use`);
  }
}

async function freePort(host: string): Promise<number> {
  return await tryPort(host, 0, `nothing can be listened on at \`${host}\``);
}

async function tryPort(host: string, wanted: number, detail: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new AppError("listen.in_use", { cause: error, detail })));
    server.listen(wanted, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** Listening beyond loopback without TLS would show cookies and names to the network. @throws AppError `listen.unsafe` */
export function assertSafe(
  addresses: readonly string[],
  { hasTls, behindProxy }: { readonly hasTls: boolean; readonly behindProxy: boolean },
): void {
  for (const address of addresses) {
    const { host } = hostPort(address);
    const loopback = host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
    if (!loopback && !hasTls && !behindProxy) {
      throw new AppError("listen.unsafe", {
        detail: `\`${address}\` is reached from outside; give --tls-cert and --tls-key, or --behind-proxy`,
      });
    }
  }
}
