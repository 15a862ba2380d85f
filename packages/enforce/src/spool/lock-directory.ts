import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { createServer } from "node:net";
import { platform } from "node:os";
import { AppError } from "@countersign/core";

/**
 * Holds a directory for this process until it is released or the process ends, however it ends: a Linux abstract socket, of which the kernel
 * leaves none behind. Elsewhere nothing is held: there, and between containers, only the control plane notices a second process, by its fork.
 * @throws AppError `data.in_use`
 */
export async function lockDirectory(path: string): Promise<() => Promise<void>> {
  if (platform() !== "linux") return async () => await Promise.resolve();
  const name = createHash("sha256")
    .update(await realpath(path))
    .digest("base64url");
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ path: `\0countersign-spool-${name}` }, resolve);
  try {
    await promise;
  } catch (error) {
    throw new AppError("data.in_use", {
      detail: `\`${path}\` is in use by another gateway; stop it first`,
      cause: error,
    });
  }
  server.unref();
  return async () => {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    await closed.promise;
  };
}
