import { equalBytes } from "./bytes.ts";
import { HASH_BYTES, type NodeHash, nodeHasher, type Sha256 } from "./hash.ts";
import { LIMITS } from "./limits.ts";
import { powerWithin } from "./tree.ts";

export interface InclusionClaim {
  /** Zero-based index of the entry. */
  readonly index: number;
  /** Size of the tree that has this root. */
  readonly size: number;
  readonly leafHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly size: number;
  readonly proof: readonly Uint8Array[];
  readonly oldRoot: Uint8Array;
  readonly root: Uint8Array;
}

/** True when the proof shows that the entry with `leafHash` has `index` in the tree. RFC 9162 section 2.1.3.2. Never throws. */
export function verifyInclusion(sha256: Sha256, claim: InclusionClaim): boolean {
  const { index, size, leafHash, proof, root } = claim;
  if (!inBounds([index, size], [leafHash, root, ...proof]) || index >= size) return false;
  const node = nodeHasher(sha256);
  const climb = new Climb(index, size - 1);
  let computed = leafHash;
  for (const sibling of proof) {
    if (climb.done()) return false;
    computed = climb.siblingIsLeft() ? node(sibling, computed) : node(computed, sibling);
    climb.up();
  }
  return climb.done() && equalBytes(computed, root);
}

/**
 * True when the proof shows that the tree of `oldSize` is a prefix of the tree of `size`. RFC 9162 section 2.1.4.2. Never throws.
 * From the empty tree only the empty proof and the empty root are accepted, as c2sp.org/tlog-witness asks.
 */
export function verifyConsistency(sha256: Sha256, claim: ConsistencyClaim): boolean {
  const { oldSize, size, proof, oldRoot, root } = claim;
  if (!inBounds([oldSize, size], [oldRoot, root, ...proof]) || oldSize > size) return false;
  if (oldSize === 0 && !equalBytes(oldRoot, sha256(new Uint8Array(0)))) return false;
  if (oldSize === size) return proof.length === 0 && equalBytes(oldRoot, root);
  if (oldSize === 0) return proof.length === 0;
  // An old tree that is a perfect subtree is not sent along: the verifier has its root.
  const [seed, ...rest] = powerWithin(oldSize) === oldSize ? [oldRoot, ...proof] : proof;
  return seed !== undefined && climbsToBoth(nodeHasher(sha256), claim, { seed, rest });
}

function climbsToBoth(
  node: NodeHash,
  claim: ConsistencyClaim,
  path: { readonly seed: Uint8Array; readonly rest: readonly Uint8Array[] },
): boolean {
  const climb = new Climb(claim.oldSize - 1, claim.size - 1);
  climb.skipRightTurns();
  let before = path.seed;
  let after = path.seed;
  for (const sibling of path.rest) {
    if (climb.done()) return false;
    if (climb.siblingIsLeft()) {
      before = node(sibling, before);
      after = node(sibling, after);
    } else {
      after = node(after, sibling);
    }
    climb.up();
  }
  return climb.done() && equalBytes(before, claim.oldRoot) && equalBytes(after, claim.root);
}

/** Walks from a node towards the root: `at` is its number on its level, `last` the number of the level's last node. */
class Climb {
  private at: number;
  private last: number;

  constructor(at: number, last: number) {
    this.at = at;
    this.last = last;
  }

  done(): boolean {
    return this.last === 0;
  }

  siblingIsLeft(): boolean {
    return this.at % 2 === 1 || this.at === this.last;
  }

  /** Goes up one level, and on while the node is a last one without a sibling of its own. */
  up(): void {
    if (this.siblingIsLeft()) while (this.at % 2 === 0 && this.at !== 0) this.halve();
    this.halve();
  }

  skipRightTurns(): void {
    while (this.at % 2 === 1) this.halve();
  }

  private halve(): void {
    this.at = Math.floor(this.at / 2);
    this.last = Math.floor(this.last / 2);
  }
}

/** Sizes and indexes that are exact, and hashes of 32 bytes, not too many. */
function inBounds(sizes: readonly number[], hashes: readonly Uint8Array[]): boolean {
  const exact = sizes.every((value) => Number.isSafeInteger(value) && value >= 0);
  return exact && hashes.length <= LIMITS.proofHashes + 2 && hashes.every((hash) => hash.length === HASH_BYTES);
}
