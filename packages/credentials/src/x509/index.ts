export type { CertificateAuthority, SvidRequest } from "./authority.ts";
export { certificateAuthority, issueSvid, openAuthority, serialNumber } from "./authority.ts";
export { toPem } from "./pem.ts";
export type { SpiffeId } from "./spiffe-id.ts";
export { parseSpiffeId } from "./spiffe-id.ts";
export type { TrustBundle } from "./trust-bundle.ts";
export { bundleHash, bundlePem, parseBundle } from "./trust-bundle.ts";
export type { SvidCode, VerifiedSvid } from "./verify-svid.ts";
export { verifySvid } from "./verify-svid.ts";
