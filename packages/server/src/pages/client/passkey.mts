import { fromBase64url, toBase64url } from "./base64url.ts";
import { byId, need } from "./elements.mts";

/** True when this browser can use passkeys here; else the page says so and lists the ways on. */
export function passkeysWork(): boolean {
  if (isSecureContext && "PublicKeyCredential" in window) {
    listWays().catch(() => {});
    return true;
  }
  for (const part of document.querySelectorAll<HTMLElement>("[data-needs-passkey]")) part.hidden = true;
  need("no-passkey").hidden = false;
  byId("on-phone")?.setAttribute("open", "");
  need(isSecureContext ? "unsupported" : "insecure").hidden = false;
  return false;
}

/** Where nothing on this device verifies its person, the page lists what else answers (WebAuthn Level 3, `getClientCapabilities`). */
async function listWays(): Promise<void> {
  const can = await capabilities();
  const own = can["userVerifyingPlatformAuthenticator"] ?? can["passkeyPlatformAuthenticator"] ?? (await ownVerifies());
  need("way-phone").hidden = can["hybridTransport"] === false;
  need("ways").hidden = own;
  byId("on-phone")?.toggleAttribute("open", !own);
}

type Capabilities = Readonly<Record<string, boolean | undefined>>;

async function capabilities(): Promise<Capabilities> {
  return "getClientCapabilities" in PublicKeyCredential ? await PublicKeyCredential.getClientCapabilities() : {};
}

async function ownVerifies(): Promise<boolean> {
  return await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();
}

export async function usePasskey(options: PublicKeyCredentialRequestOptionsJSON): Promise<unknown> {
  const wanted = { ...options, userVerification: "required" };
  const publicKey =
    "parseRequestOptionsFromJSON" in PublicKeyCredential
      ? PublicKeyCredential.parseRequestOptionsFromJSON(wanted)
      : ({
          ...wanted,
          challenge: fromBase64url(wanted.challenge),
          allowCredentials: (wanted.allowCredentials ?? []).map(descriptor),
        } as unknown as PublicKeyCredentialRequestOptions);
  return credentialJson(await navigator.credentials.get({ publicKey }));
}

export function descriptor(entry: PublicKeyCredentialDescriptorJSON): PublicKeyCredentialDescriptor {
  return { ...entry, id: fromBase64url(entry.id) } as PublicKeyCredentialDescriptor;
}

/** The JSON form of WebAuthn Level 3; by hand where a browser or a password manager lacks `toJSON`. */
export function credentialJson(credential: Credential | null): unknown {
  if (credential === null) throw new TypeError("no passkey was given, try again");
  if ("toJSON" in credential) return (credential as PublicKeyCredential).toJSON();
  const { id, rawId, type, response } = credential as PublicKeyCredential;
  const json: Record<string, unknown> = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    const bytes = (response as unknown as Readonly<Record<string, ArrayBuffer | null | undefined>>)[name];
    if (bytes) json[name] = toBase64url(bytes);
  }
  return { id, rawId: toBase64url(rawId), type, response: json, clientExtensionResults: {} };
}
