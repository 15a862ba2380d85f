import { AppError, isId, isJsonObject } from "@countersign/core";
import type {
  AgentId,
  Chain,
  DeviceId,
  Grant,
  HumanId,
  JsonObject,
  Random,
  RefusalCode,
  TaskId,
} from "@countersign/core";
import { TOKEN_LIMIT_BYTES, parseCompact } from "./canonical-token.ts";
import { signCompact, signatureFits } from "./compact-signature.ts";
import type { SigningKey, VerificationKey } from "./keys.ts";
import type { TokenCache } from "./token-cache.ts";

/** Longest life of an access token (design 6). It is renewed for as long as its task lives. */
export const ACCESS_TOKEN_TTL_SECONDS = 300;
/** How far ahead of ours the issuer's clock may be. */
const CLOCK_SKEW_SECONDS = 30;
const GRANT_TYPE = "countersign_grant";
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

/** Who may do what for which task, as the token says. Times are whole Unix seconds. */
export interface AccessTokenClaims {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly chain: Chain & {
    readonly human: HumanId;
    readonly device: DeviceId;
    readonly agent: AgentId;
    readonly task: TaskId;
  };
  /** Thumbprint of the key that must sign each proof (`cnf.jkt`, RFC 9449 section 6.1). */
  readonly jkt: string;
  readonly grants: readonly Grant[];
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** `jti`. */
  readonly id: string;
}

export interface MintInput {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly chain: AccessTokenClaims["chain"];
  readonly jkt: string;
  readonly grants: readonly Grant[];
  /** At most and by default 300. */
  readonly ttlSeconds?: number;
}

/**
 * Mints the access token of a task: a JWT of RFC 9068 signed with the issuer's Ed25519 key. `sub` is the agent, `act`
 * (RFC 8693 section 4.1) names the device it acts on and, nested, the human it acts for; the grants are RFC 9396
 * `authorization_details`. `now` in Unix milliseconds.
 * @throws AppError `internal.error` for a life longer than 300 s or another kind of key, `request.invalid` when the grants
 * make the token longer than 16 KiB.
 */
export function mintAccessToken(input: MintInput, key: SigningKey, source: { now: number; random: Random }): string {
  const ttlSeconds = input.ttlSeconds ?? ACCESS_TOKEN_TTL_SECONDS;
  if (!(ttlSeconds > 0 && ttlSeconds <= ACCESS_TOKEN_TTL_SECONDS) || key.algorithm !== "EdDSA") {
    throw new AppError("internal.error", {
      detail: "an access token lives at most 300 seconds and is signed with Ed25519",
    });
  }
  const { human, device, agent, task } = input.chain;
  const issuedAt = Math.floor(source.now / 1000);
  const payload = {
    iss: input.issuer,
    aud: [...input.audience],
    sub: agent,
    client_id: agent,
    act: { sub: device, act: { sub: human } },
    task,
    cnf: { jkt: input.jkt },
    authorization_details: input.grants.map(({ action, resource }) => ({
      type: GRANT_TYPE,
      actions: [action],
      identifier: resource,
    })),
    iat: issuedAt,
    exp: issuedAt + Math.floor(ttlSeconds),
    jti: Buffer.from(source.random(16)).toString("base64url"),
  };
  const token = signCompact({ typ: "at+jwt", kid: key.jkt }, payload, key);
  if (token.length > TOKEN_LIMIT_BYTES) {
    throw new AppError("request.invalid", {
      detail: "the task asks for too many grants, open it with fewer or wider ones",
    });
  }
  return token;
}

export interface AccessTokenTrust {
  /** Keys of the issuer by key id (`jkt`). A key that is taken out stops all its tokens, cached ones too. */
  readonly issuerKeys: ReadonlyMap<string, VerificationKey>;
  readonly issuer: string;
  /** The audience that this point is. The token must name it. */
  readonly audience: string;
  /** Unix milliseconds. */
  readonly now: number;
  readonly cache?: TokenCache;
}
export type VerifiedAccessToken =
  | { readonly ok: true; readonly claims: AccessTokenClaims }
  | { readonly ok: false; readonly code: RefusalCode };

/**
 * Verifies an access token: canonical form, Ed25519 signature of a known issuer key, issuer, audience, times. It proves nothing
 * about the sender until the proof of RFC 9449 was verified against `claims.jkt`. Never throws; codes are `credential.*`.
 */
export function verifyAccessToken(token: string, trust: AccessTokenTrust): VerifiedAccessToken {
  const nowSeconds = trust.now / 1000;
  const known = trust.cache?.get(token, trust.issuerKeys);
  const read = known === undefined ? readSigned(token, trust) : ({ ok: true, claims: known } as const);
  if (!read.ok) return read;
  const { claims } = read;
  if (claims.issuer !== trust.issuer) return { ok: false, code: "credential.wrong_key" };
  if (!claims.audience.includes(trust.audience)) return { ok: false, code: "credential.wrong_audience" };
  const lifeSeconds = claims.expiresAt - claims.issuedAt;
  if (lifeSeconds <= 0 || lifeSeconds > ACCESS_TOKEN_TTL_SECONDS) return { ok: false, code: "credential.expired" };
  if (claims.expiresAt <= nowSeconds || claims.issuedAt > nowSeconds + CLOCK_SKEW_SECONDS) {
    trust.cache?.delete(token);
    return { ok: false, code: "credential.expired" };
  }
  return read;
}

function readSigned(text: string, trust: AccessTokenTrust): VerifiedAccessToken {
  const parsed = parseCompact(text);
  if (!parsed.ok) return parsed;
  const { header, payload } = parsed.token;
  if (header["typ"] !== "at+jwt") return { ok: false, code: "credential.not_canonical" };
  const key = typeof header["kid"] === "string" ? trust.issuerKeys.get(header["kid"]) : undefined;
  if (key?.algorithm !== "EdDSA" || !signatureFits(parsed.token, key))
    return { ok: false, code: "credential.wrong_key" };
  const claims = readClaims(payload);
  if (claims === null) return { ok: false, code: "credential.not_canonical" };
  trust.cache?.set(text, key, claims);
  return { ok: true, claims };
}

function readClaims(payload: JsonObject): AccessTokenClaims | null {
  const { iss, aud, cnf, iat, exp, jti } = payload;
  const audience = typeof aud === "string" ? [aud] : aud;
  const jkt = isJsonObject(cnf) ? cnf["jkt"] : undefined;
  const chain = readChain(payload);
  const grants = readGrants(payload["authorization_details"]);
  if (chain === null || grants === null || !isTextList(audience) || !isText(iss) || !isText(jti)) return null;
  if (!isText(jkt) || !THUMBPRINT.test(jkt) || !isSeconds(iat) || !isSeconds(exp)) return null;
  return { issuer: iss, audience, chain, jkt, grants, issuedAt: iat, expiresAt: exp, id: jti };
}

function readChain({ sub, client_id, act, task }: JsonObject): AccessTokenClaims["chain"] | null {
  if (!isJsonObject(act) || !isJsonObject(act["act"]) || sub !== client_id) return null;
  const device = act["sub"];
  const human = act["act"]["sub"];
  if (!isId("agt", sub) || !isId("dev", device) || !isId("hum", human) || !isId("tsk", task)) return null;
  return { human, device, agent: sub, task };
}

function readGrants(details: unknown): Grant[] | null {
  if (!Array.isArray(details)) return null;
  const grants: Grant[] = [];
  for (const detail of details as readonly unknown[]) {
    const { type, actions, identifier } = (detail ?? {}) as Record<string, unknown>;
    // RFC 9396 section 5: a type that is not known, or a member of another form, refuses the whole.
    if (type !== GRANT_TYPE || !isTextList(actions) || !isText(identifier)) return null;
    for (const action of actions) grants.push({ action, resource: identifier });
  }
  return grants;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isText);
}

function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
