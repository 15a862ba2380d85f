import { newId } from "@countersign/core";
import {
  type TaskSubject,
  type TrustBundle,
  bundlePem,
  certificateAuthority,
  generateSigningKey,
  issueSvid,
  issueTaskSvid,
  parseBundle,
  serialNumber,
} from "@countersign/credentials";
import { beforeEach, describe, expect, it } from "vitest";
import { Replica } from "./replica.ts";
import { claimsOfSvid } from "./task-svid.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const AGENT = newId("agt", NOW, random);
const HUMAN = newId("hum", NOW, random);
const DEVICE = newId("dev", NOW, random);
const TASK = newId("tsk", NOW, random);
const ca = certificateAuthority(generateSigningKey("P-256"), { trustDomain: "example.org", now: NOW, random });
const key = generateSigningKey("P-256");
const agent: TaskSubject = { agent: AGENT, human: null };

function bundle(): TrustBundle {
  const read = parseBundle(bundlePem({ authorities: [ca.certificate] }));
  if (!read.ok) throw new Error(read.code);
  return read.bundle;
}
const svid = (subject: TaskSubject = agent, more: Partial<Parameters<typeof issueTaskSvid>[0]> = {}): Buffer =>
  issueTaskSvid({ ca, subject, task: TASK, publicKey: key.jwk, until: NOW + 60_000, now: NOW, random, ...more }).der;

let replica: Replica;
let asked: string[];
let agentOfTask: typeof AGENT | null = AGENT;
/** What the control plane answers to the first and to the second question about the task: its keys, or null for no such task. */
let told: (readonly string[] | null)[];
const learn = async (task: string, mode?: "again" | ""): Promise<boolean> => {
  asked.push(mode === "again" ? mode : "first");
  const jkts = told.shift() ?? null;
  const terms = { agent: agentOfTask, human: HUMAN, device: DEVICE };
  const version = asked.length;
  if (jkts !== null)
    replica.apply({
      kind: "task",
      id: task,
      version,
      terms,
      state: { status: "live", jkts },
      authority: null,
    } as never);
  return await Promise.resolve(jkts !== null);
};
const claims = async (certificate: Uint8Array): ReturnType<typeof claimsOfSvid> =>
  await claimsOfSvid({ replica, learn, now: () => NOW }, certificate, bundle());

beforeEach(() => {
  replica = new Replica();
  asked = [];
  agentOfTask = AGENT;
  told = [[key.jkt]];
});

describe("the claims of a client's certificate", () => {
  it("are the chain of its task", async () => {
    const chain = { human: HUMAN, device: DEVICE, agent: AGENT, task: TASK };
    expect(await claims(svid())).toEqual({ ok: true, chain, jkt: key.jkt, agentProof: "declared" });
    expect(asked).toEqual(["first"]);
  });

  it("are asked for again when the key may be new", async () => {
    told = [[], [key.jkt]];
    expect(await claims(svid())).toMatchObject({ ok: true });
    expect(asked).toEqual(["first", "again"]);
  });

  it("are none for a key that is not the task's, another agent, or a person where an agent acts", async () => {
    const notBound = { ok: false, code: "credential.not_bound" };
    told = [["another"], ["another"]];
    expect(await claims(svid())).toMatchObject(notBound);
    told = [[key.jkt]];
    expect(await claims(svid({ agent: newId("agt", NOW, random), human: null }))).toMatchObject(notBound);
    told = [[key.jkt]];
    expect(await claims(svid({ agent: null, human: HUMAN }))).toMatchObject(notBound);
  });

  it("are those of a person in a task of their own, and of nobody else", async () => {
    agentOfTask = null;
    const chain = { human: HUMAN, device: DEVICE, agent: null, task: TASK };
    expect(await claims(svid({ agent: null, human: HUMAN }))).toMatchObject({ ok: true, chain });
    const another = svid({ agent: null, human: newId("hum", NOW, random) });
    expect(await claims(another)).toMatchObject({ ok: false, code: "credential.not_bound" });
    expect(await claims(svid())).toMatchObject({ ok: false, code: "credential.not_bound" });
  });

  it("are none for a task that nobody knows", async () => {
    told = [null];
    expect(await claims(svid())).toMatchObject({ ok: false, code: "task.unknown" });
  });

  it("are none for what is no certificate of a task, and nobody is asked", async () => {
    const other = certificateAuthority(generateSigningKey("P-256"), { trustDomain: "example.org", now: NOW, random });
    const foreign = certificateAuthority(generateSigningKey("P-256"), { trustDomain: "example.com", now: NOW, random });
    const publicKey = key.jwk;
    const times = { notBefore: NOW, notAfter: NOW + 1000, serial: serialNumber(random) };
    const path = (spiffeId: string, sides: "both" | "client"): Buffer =>
      issueSvid({ ca, publicKey, spiffeId, sides, ...times });
    const cases: readonly (readonly [Uint8Array, string])[] = [
      [Buffer.from("x"), "credential.not_canonical"],
      [new Uint8Array(), "credential.not_canonical"],
      [path("spiffe://example.org/server", "both"), "credential.not_canonical"],
      [path("spiffe://example.org/server", "client"), "credential.not_bound"],
      [svid(agent, { ca: other }), "credential.wrong_key"],
      [svid(agent, { ca: foreign }), "credential.wrong_key"],
      [svid(agent, { now: NOW - 290_000, until: NOW - 1000 }), "credential.expired"],
    ];
    for (const [certificate, code] of cases) expect(await claims(certificate)).toMatchObject({ ok: false, code });
    expect(asked).toEqual([]);
  });
});
