export { GENESIS, NOW, ORIGIN, RP_ID, newApproval, newChain, random, seeded } from "./fixtures.ts";
export { flipBit } from "./flip-bit.ts";
export type {
  SoftAuthenticator,
  SoftAuthenticatorOptions,
  SoftRegistrationJson,
  SoftResponseOptions,
} from "./soft-authenticator.ts";
export { createSoftAuthenticator } from "./soft-authenticator.ts";
