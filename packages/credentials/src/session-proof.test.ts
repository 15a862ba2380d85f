import { newId } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { generateSigningKey } from "./keys.ts";
import { NonceSource } from "./nonce-source.ts";
import { ReplayMemory } from "./replay-memory.ts";
import { makeSessionProof, verifySessionProof } from "./session-proof.ts";
import { NOW, random } from "./testing/fixtures.ts";

const key = generateSigningKey();
const session = newId("ses", NOW, random);
const nonces = new NonceSource(random, NOW);
const request = { method: "GET", url: "http://localhost:7330/v1/agents", now: NOW };
const expected = { ...request, session, jkt: key.jkt, nonces };
const proof = makeSessionProof({ ...request, key, session, nonce: nonces.current(NOW), random });

describe("verifySessionProof", () => {
  it("accepts a request signed with the key of the session", () => {
    expect(verifySessionProof({ ...expected, proof, replay: new ReplayMemory() })).toMatchObject({
      ok: true,
      jkt: key.jkt,
    });
  });
  it.each([
    ["the key of another session", { jkt: generateSigningKey().jkt }, "credential.not_bound"],
    ["the id of another session", { session: newId("ses", NOW, random) }, "credential.not_bound"],
    ["another method", { method: "POST" }, "credential.wrong_method"],
    ["no proof: the id alone is worth nothing", { proof: undefined }, "credential.missing"],
  ])("refuses %s", (_name, say, code) => {
    expect(verifySessionProof({ ...expected, proof, replay: new ReplayMemory(), ...say })).toEqual({ ok: false, code });
  });
});
