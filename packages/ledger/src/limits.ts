/** Bounds on everything that comes from outside. What is larger is refused before it is read further. */
export const LIMITS = {
  /** A signed note, checkpoints included. */
  noteBytes: 1_048_576,
  /** Signature lines of one note (C2SP asks for at least 16). */
  signatures: 64,
  /** One entry: its length travels as uint16. */
  entryBytes: 65_535,
  /** Entries of a full bundle and hashes of a full tile. */
  tileWidth: 256,
  /** A full hash tile. */
  tileBytes: 8192,
  /** A full entry bundle with entries of the largest size. */
  bundleBytes: 16_777_472,
  /** Hashes of an inclusion or consistency proof. */
  proofHashes: 63,
  /** Unauthenticated extra data of a proof file. */
  proofExtraBytes: 65_535,
  /** A proof file: extra data in base64, hashes, and the checkpoint. */
  proofFileBytes: 1_146_880,
  /** A verifier key in text form, and the name within it. */
  vkeyChars: 1024,
  /** Remarks on entries that are listed; the rest is only counted. */
  remarks: 1000,
  /** Intents without an outcome, or enforcement points, that are remembered while a log is read. */
  remembered: 1_000_000,
} as const;
