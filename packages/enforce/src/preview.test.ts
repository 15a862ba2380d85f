import { type Preview, newId } from "@countersign/core";
import type { Evaluator } from "@countersign/policy";
import { approvalChallenge } from "@countersign/credentials";
import { createSoftAuthenticator } from "@countersign/credentials/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Approved, PREVIEW_MS } from "./action.ts";
import type { Held, HoldRequest } from "./control-plane.ts";
import { digestOfCall } from "./countersigned.ts";
import { type Bench, Ends, bench, random } from "./testing/bench-point.ts";

const SALT = Buffer.alloc(32, 7).toString("base64url");
const HOLD = {
  reason: "r",
  approvers: "owner",
  notRequester: false,
  quorum: 1,
  expirySeconds: null,
  scopes: ["once"],
  authenticator: "any",
} as const;

const seen = (count: number, digest = "A"): Preview => ({
  kind: "measured",
  relations: [
    {
      relation: "public.executives",
      operation: "delete",
      count,
      keyColumns: ["id"],
      keys: ["[17]"],
      digest: digest.repeat(43),
      filledAtCommit: [],
      unseen: null,
      columns: ["id", "name"],
      sample: [{ before: ["17", '"Grace"'], after: null }],
    },
  ],
});

/** A point whose policies hold everything, and an effector that says what it would do. */
class HeldEnds extends Ends {
  onPreview: (signal: AbortSignal) => Promise<Preview | null> = async () => await Promise.resolve(seen(3));
  approved: (Approved | undefined)[] = [];
  readonly previewing = {
    preview: async (_: unknown, signal: AbortSignal): Promise<Preview | null> => {
      this.events.push("previewed");
      return await this.onPreview(signal);
    },
    prepare: async (_: unknown, __: AbortSignal, approved?: Approved): ReturnType<Ends["effector"]["prepare"]> => {
      this.approved.push(approved);
      return await this.effector.prepare();
    },
  };
}

async function holding(): Promise<Bench & { asked: HoldRequest[] }> {
  const evaluator: Evaluator = {
    policySetHash: "hash",
    policies: new Map([["hold", { id: "hold", effect: "forbid", hash: "h", hold: HOLD }]]),
    evaluate: () => ({ permits: ["all"], forbids: ["hold"], errors: [] }),
  };
  const here = await bench(async () => await Promise.resolve(evaluator));
  const asked: HoldRequest[] = [];
  here.control.onHold = async (request) => {
    asked.push(request);
    return await Promise.resolve(heldAs(here, request.preview));
  };
  return { ...here, asked };
}

function heldAs({ clock }: Bench, preview: Preview | undefined, state: Held["state"] = "pending"): Held {
  const approval = newId("apr", clock.now, random);
  const entry = newId("ent", clock.now, random);
  return {
    approval,
    state,
    url: "",
    approver: "Ada",
    entry,
    salt: SALT,
    ...(preview === undefined ? {} : { preview }),
  };
}

async function run(on: Bench, ends: HeldEnds, more: object = {}): Promise<HeldEnds> {
  const running = on.point.enforce({ ...on.act(), ...more }, ends.previewing, ends.releaser);
  await vi.advanceTimersByTimeAsync(PREVIEW_MS);
  await vi.advanceTimersByTimeAsync(PREVIEW_MS);
  await running;
  return ends;
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

describe("what a held call would do", () => {
  it("is found out before a human is asked, and told to nobody but the control plane", async () => {
    const on = await holding();
    const ends = await run(on, new HeldEnds());
    expect(on.asked.map(({ preview }) => preview)).toEqual([seen(3)]);
    expect(ends.events[0]).toBe("previewed");
    expect(ends.refusal?.decision).toBe("hold");
    expect(JSON.stringify([ends.refusal, ends.events])).not.toMatch(/Grace|executives|"count"/);
    expect(JSON.stringify(on.asked[0]?.entry)).toContain('"count":3');
    expect(JSON.stringify(on.asked[0]?.entry)).not.toMatch(/Grace|\[17\]/);
  });

  it.each([
    ["fails", async () => await Promise.reject(new Error("42P01: no such relation"))],
    ["never ends", async () => await new Promise<never>(() => undefined)],
    ["is none", async () => await Promise.resolve({ kind: "measured", relations: "all" } as never)],
    ["is too large", async () => await Promise.resolve(huge())],
  ] as const)("is unknown when finding it out %s, and the call is held all the same", async (_, onPreview) => {
    const on = await holding();
    const ends = new HeldEnds();
    ends.onPreview = onPreview;
    await run(on, ends);
    expect(on.asked[0]?.preview).toMatchObject({ kind: "unknown" });
    expect(ends.refusal?.decision).toBe("hold");
    expect(JSON.stringify(ends.refusal)).not.toContain("42P01");
  });

  it("is not asked of what is permitted or denied, of what says itself what it does, nor by who comes back for an approval", async () => {
    const permitted = await bench();
    expect((await run(permitted, new HeldEnds())).events).not.toContain("previewed");
    const on = await holding();
    const silent = new HeldEnds();
    silent.onPreview = async () => await Promise.resolve(null);
    await run(on, silent);
    expect(on.asked[0]).not.toHaveProperty("preview");
    const back = await run(on, new HeldEnds(), { approval: newId("apr", on.clock.now, random) });
    expect(back.events).not.toContain("previewed");
  });
});

describe("an action about which nobody is asked", () => {
  it("is refused where it would be held", async () => {
    const on = await holding();
    const ends = await run(on, new HeldEnds(), { unheld: true });
    expect(ends.refusal).toMatchObject({ decision: "deny", code: "hold.unsupported_here" });
    expect([on.asked, ends.events.includes("previewed")]).toEqual([[], false]);
  });
});

describe("INV-5: the effect that was signed", () => {
  it("is what the effector is given, and no other discharges the hold", async () => {
    const on = await holding();
    const give = signed(on, seen(3));
    const ends = await run(on, new HeldEnds());
    expect(ends.approved).toEqual([{ preview: seen(3) }]);
    expect(ends.events).toContain("answered done");
    give.preview = seen(4);
    const other = await run(on, new HeldEnds());
    expect(other.refusal?.code).toBe("countersignature.void");
    give.preview = undefined;
    expect((await run(on, new HeldEnds())).refusal?.code).toBe("countersignature.void");
  });

  it("is held anew when it is not what would happen: rolled back, recorded so, and put before the human", async () => {
    const on = await holding();
    signed(on, seen(3));
    const ends = new HeldEnds();
    const answer = { ok: false, code: "countersignature.void", reason: "changed", preview: seen(5) } as const;
    ends.onWrite = async () => await Promise.resolve(answer);
    const before = on.control.onHold;
    on.control.onHold = async (request) =>
      await (request.preview?.kind === "measured" && request.preview.relations[0]?.count === 5
        ? Promise.resolve(heldAs(on, request.preview)).finally(() => on.asked.push(request))
        : before(request));
    await run(on, ends);
    expect(on.control.entries.at(-1)).toMatchObject({ kind: "action.outcome", outcome: { status: "rolled_back" } });
    expect(on.asked.at(-1)?.preview).toEqual(seen(5));
    expect(ends.refusal).toMatchObject({ decision: "hold" });
    expect(JSON.stringify(ends.refusal)).not.toMatch(/Grace|executives/);
  });
});

describe("the note before the last step", () => {
  it("is an outcome that is unknown, before the one that is known", async () => {
    const on = await bench();
    const ends = new Ends();
    const noted: boolean[] = [];
    const effector = {
      prepare: async (): ReturnType<Ends["effector"]["prepare"]> => {
        const prepared = await ends.effector.prepare();
        if (!prepared.ok) return prepared;
        return {
          ...prepared,
          write: async (_, __, note) => {
            noted.push(await note({ xid: "750" }));
            return { ok: true, status: "ok", value: "done", bytes: Buffer.from("done") };
          },
        };
      },
    };
    await on.point.enforce(on.act(), effector, ends.releaser);
    expect(noted).toEqual([true]);
    expect(on.control.entries.map(({ outcome, cause }) => [outcome?.status, cause])).toEqual([
      [undefined, undefined],
      ["unknown", { xid: "750" }],
      ["ok", undefined],
    ]);
    on.control.onRecord = async ({ entries: [entry] }) =>
      await (entry.outcome?.status === "unknown"
        ? Promise.reject(new Error("gone"))
        : Promise.resolve({ ok: true as const }));
    await on.point.enforce(on.act(), effector, ends.releaser);
    expect(noted).toEqual([true, false]);
  });
});

function huge(): Preview {
  const small = seen(1);
  const row = { before: Array.from({ length: 60 }, () => "x".repeat(4000)), after: null };
  const relations = small.kind === "unknown" ? [] : small.relations;
  return { kind: "measured", relations: relations.map((one) => ({ ...one, sample: [row, row, row] })) };
}

/** An approval of the call with this effect, signed by its owner; what the control plane says of the effect may be changed. */
function signed(on: Bench & { asked: HoldRequest[] }, preview: Preview): { preview: Preview | undefined } {
  const { chain, clock, put } = on;
  const { human } = chain;
  const key = createSoftAuthenticator({ rpId: "localhost", origin: "http://localhost:7330" });
  const root = { human, passkey: key.credentialId, origin: "http://localhost:7330", rpId: "localhost", genesis: "g" };
  put({ kind: "root", id: "root", terms: { ...root, records: [] }, state: { status: "active" } } as never);
  const passkey = { human, publicKey: key.publicKey, aaguid: "", backedUp: false, transports: [] };
  put({ kind: "passkey", id: key.credentialId, terms: passkey, state: { status: "active", counter: 0 } } as never);
  const give: { preview: Preview | undefined } = { preview };
  on.control.onHold = async (request) => {
    on.asked.push(request);
    const held = heldAs(on, give.preview, "approved");
    const callDigest = digestOfCall(chain, request.call, { salt: SALT, preview });
    const times = {
      notBefore: new Date(clock.now).toISOString(),
      expiresAt: new Date(clock.now + 60_000).toISOString(),
    };
    const same = { ...chain, effect: request.call.effect, policySetHash: "hash", riskLevel: "low", ...times };
    const what = {
      ...same,
      decision: "approve",
      scope: "once",
      uses: 1,
      callDigest,
      nonce: "n.own",
      holds: request.decision.holds.map(({ policyId, policyHash, reason }) => ({ policyId, policyHash, reason })),
      previewDigest: callDigest,
      origin: "http://localhost:7330",
      genesis: "g",
      approver: human,
    };
    const assertion = key.sign({ challenge: approvalChallenge(what as never) });
    const terms = { ...same, nonce: "n", callDigest, subject: "call", change: null, holds: request.decision.holds };
    const state = { status: "approved", answers: [{ signed: what, assertion }], intent: null, cause: null };
    put({ kind: "approval", id: held.approval, terms, state } as never);
    return await Promise.resolve(held);
  };
  return give;
}
