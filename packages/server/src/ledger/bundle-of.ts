import { AppError } from "@countersign/core";
import { encodeBundle, LIMITS, type Tile, type TileFile, tilePath } from "@countersign/ledger";
import type { LedgerStore } from "../store/index.ts";

/** The file of an entry bundle, from the journal. */
export async function bundleOf(store: LedgerStore, tile: Tile): Promise<TileFile> {
  const leaves = await store.journal.leaves(tile.index * LIMITS.tileWidth, tile.width);
  if (leaves.length < tile.width)
    throw new AppError("ledger.damaged", {
      detail: `entries of bundle \`${tilePath(tile)}\` are missing from the journal`,
    });
  return { tile, path: tilePath(tile), bytes: encodeBundle(leaves) };
}
