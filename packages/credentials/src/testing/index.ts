export type {
  SoftAuthenticator,
  SoftAuthenticatorOptions,
  SoftRegistrationJson,
  SoftResponseOptions,
} from "./soft-authenticator.ts";
export { createSoftAuthenticator } from "./soft-authenticator.ts";
