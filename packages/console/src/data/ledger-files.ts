import { AppError } from "@countersign/core";
import type { ReadFile } from "@countersign/ledger";

/**
 * Reads the published log as any stranger does: `checkpoint`, `vkey` and tiles by their path below `/ledger/`; null for what is not there.
 * @throws AppError `server.unreachable`, `ledger.unavailable`
 */
export const readLogFile: ReadFile = async (path) => {
  // The newest checkpoint, never one that a cache kept; a tile under its path never changes.
  const cache: RequestCache = path.startsWith("tile/") ? "default" : "no-store";
  const response = await fetch(`/ledger/${path}`, { cache }).catch((cause: unknown) => {
    throw new AppError("server.unreachable", { detail: "start it with `countersign up`", cause });
  });
  if (response.status === 404) return null;
  if (!response.ok) throw new AppError("ledger.unavailable", { detail: `\`${path}\` could not be read; try again` });
  return new Uint8Array(await response.arrayBuffer());
};
