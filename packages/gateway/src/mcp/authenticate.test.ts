import { randomBytes } from "node:crypto";
import { generateSigningKey, makeProof, mintAccessToken } from "@countersign/credentials";
import { describe, expect, it } from "vitest";
import { Authenticator } from "./authenticate.ts";
import { type Credential, PermitPoint } from "./testing/permit-point.ts";

const URL_ = "http://127.0.0.1:7331/mcp/files";
const random = (length: number): Uint8Array => randomBytes(length);

function setUp(): { point: PermitPoint; authenticator: Authenticator; credential: Credential } {
  const point = new PermitPoint({});
  return { point, authenticator: new Authenticator(point, random), credential: point.openTask() };
}
function proof(
  { key, token }: Credential,
  nonce: string | null,
  parts: { method?: string; url?: string; now?: number } = {},
): string {
  const { method = "POST", url = URL_, now = Date.now() } = parts;
  return makeProof({ key, method, url, accessToken: token, nonce, now, random });
}
async function check(authenticator: Authenticator, token: string | null, dpop: string | undefined): Promise<string> {
  const authorization = token === null ? undefined : token.includes(" ") ? token : `DPoP ${token}`;
  const { claims, useNonce } = await authenticator.check({ authorization, proof: dpop, method: "POST", url: URL_ });
  if (claims.ok) return "ok";
  return useNonce ? "use_dpop_nonce" : claims.code;
}

describe("Authenticator", () => {
  it("makes claims of a token and its proof", async () => {
    const { authenticator, credential } = setUp();
    const { claims } = await authenticator.check({
      authorization: `DPoP ${credential.token}`,
      proof: proof(credential, authenticator.nonce()),
      method: "POST",
      url: URL_,
    });
    expect(claims).toEqual({ ok: true, chain: credential.chain, jkt: credential.key.jkt, agentProof: "declared" });
  });

  it("asks for its nonce when all else is good, and only then", async () => {
    const { authenticator, credential } = setUp();
    expect(await check(authenticator, credential.token, proof(credential, null))).toBe("use_dpop_nonce");
    expect(await check(authenticator, credential.token, proof(credential, "stale"))).toBe("use_dpop_nonce");
    const foreign = { ...credential, key: generateSigningKey() };
    expect(await check(authenticator, credential.token, proof(foreign, null))).toBe("credential.not_bound");
  });

  it("takes a proof once", async () => {
    const { authenticator, credential } = setUp();
    const once = proof(credential, authenticator.nonce());
    expect(await check(authenticator, credential.token, once)).toBe("ok");
    expect(await check(authenticator, credential.token, once)).toBe("credential.replayed");
  });

  it("refuses what is missing, foreign, or for something else", async () => {
    const { authenticator, credential, point } = setUp();
    const nonce = authenticator.nonce();
    const good = (): string => proof(credential, nonce);
    expect(await check(authenticator, null, good())).toBe("credential.missing");
    expect(await check(authenticator, credential.token, undefined)).toBe("credential.missing");
    expect(await check(authenticator, `Bearer ${credential.token}`, good())).toBe("credential.not_bound");
    expect(await check(authenticator, credential.token, proof(credential, nonce, { method: "GET" }))).toBe(
      "credential.wrong_method",
    );
    expect(await check(authenticator, credential.token, proof(credential, nonce, { url: `${URL_}2` }))).toBe(
      "credential.wrong_url",
    );
    expect(await check(authenticator, credential.token, proof(credential, nonce, { now: Date.now() - 600_000 }))).toBe(
      "credential.expired",
    );
    const changed = `${credential.token.slice(0, -10)}${credential.token.at(-10) === "A" ? "B" : "A"}${credential.token.slice(-9)}`;
    expect(await check(authenticator, changed, good())).toMatch(/^credential\.(wrong_key|not_canonical)$/);
    const stranger = mintAccessToken(
      {
        issuer: point.issuer().issuer,
        audience: ["gateway"],
        chain: credential.chain,
        jkt: credential.key.jkt,
        grants: [],
      },
      generateSigningKey(),
      { now: Date.now(), random },
    );
    expect(await check(authenticator, stranger, proof({ ...credential, token: stranger }, nonce))).toBe(
      "credential.wrong_key",
    );
  });

  it("refuses a key that its task does not know any more, and a chain that is not its task's", async () => {
    const { authenticator, credential, point } = setUp();
    point.putTask(credential.chain, generateSigningKey(), "live");
    expect(await check(authenticator, credential.token, proof(credential, authenticator.nonce()))).toBe(
      "credential.not_bound",
    );
    const other = point.openTask();
    point.putTask({ ...other.chain, agent: credential.chain.agent }, other.key, "live");
    expect(await check(authenticator, other.token, proof(other, authenticator.nonce()))).toBe("credential.not_bound");
  });

  it("asks what stands behind a task, for genuine credentials alone, and again for a key that it does not know", async () => {
    const { authenticator, credential, point } = setUp();
    const asked: string[] = [];
    const key = generateSigningKey();
    point.putTask(credential.chain, key, "live");
    point.learn = async (task, again) => {
      asked.push(`${task}${again ?? ""}`);
      if (again === "again") point.putTask(credential.chain, credential.key, "live");
      return await Promise.resolve(true);
    };
    expect(await check(authenticator, credential.token, proof(credential, null))).toBe("use_dpop_nonce");
    expect(asked).toEqual([]);
    expect(await check(authenticator, credential.token, proof(credential, authenticator.nonce()))).toBe("ok");
    expect(asked).toEqual([credential.chain.task, `${credential.chain.task}again`]);
  });
});
