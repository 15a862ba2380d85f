export { Appender, type TileFile } from "./appender.ts";
export { decodeBase64, encodeBase64 } from "./base64.ts";
export { type ParsedBundle, encodeBundle, parseBundle } from "./bundle.ts";
export {
  type Checkpoint,
  type CheckpointFault,
  type OpenedCheckpoint,
  type ParsedCheckpoint,
  type Trust,
  openCheckpoint,
  parseCheckpoint,
  printCheckpoint,
  signCheckpoint,
} from "./checkpoint.ts";
export { cosign, cosignedBytes } from "./cosignature.ts";
export { type Remark, type RemarkCode, type Remarks, EntryChecks } from "./entry-checks.ts";
export { HASH_BYTES, type LeafHash, type NodeHash, type Sha256, leafHasher, nodeHasher } from "./hash.ts";
export { LIMITS } from "./limits.ts";
export type { LogFault, LogFaultCode } from "./log-fault.ts";
export { LogWriter } from "./log-writer.ts";
export {
  type Note,
  type NoteFault,
  type OpenedNote,
  type ParsedNote,
  type VerifiedSignature,
  openNote,
  parseNote,
  printNote,
  signNote,
} from "./note.ts";
export { type ConsistencyClaim, type InclusionClaim, verifyConsistency, verifyInclusion } from "./proof.ts";
export {
  type CheckedProof,
  type ParsedProofFile,
  type ProofFile,
  type ProofFileFault,
  parseProofFile,
  printProofFile,
  verifyProofFile,
} from "./proof-file.ts";
export { sha256 } from "./sha256.ts";
export type { NoteSignature } from "./signature-line.ts";
export type { NoteSigner, Sign, Verify } from "./signer.ts";
export type { VerifySpool } from "./spool-checks.ts";
export { type SpoolChain, draftOf, spoolChain, spoolSignedBytes } from "./spool-chain.ts";
export { type ParsedTilePath, type Tile, parseTilePath, partialWidth, tileAt, tilePath, tilesOf } from "./tile.ts";
export { type SyncTileReader, type TileReader, syncTileReader, tileReader } from "./tile-reader.ts";
export type { ReadFile, ReadFileSync } from "./tile-source.ts";
export type { Range } from "./tree.ts";
export { type VerifiedLog, type VerifyLogOptions, verifyLog } from "./verify-log.ts";
export {
  type KeyType,
  type ParsedVkey,
  type VerifierKey,
  type VkeyFault,
  parseVkey,
  printVkey,
  verifierKey,
} from "./vkey.ts";
