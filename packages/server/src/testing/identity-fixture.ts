import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Settings, type StateRecord, newId } from "@countersign/core";
import { type SigningKey, generateSigningKey, parseJoinToken, signKeyProof } from "@countersign/credentials";
import { createSoftAuthenticator } from "@countersign/credentials/testing";
import { pino } from "pino";
import { Approvals, ChangeKinds } from "../approvals/index.ts";
import { openKeyRing } from "../keys/index.ts";
import { type Kernel, serverEntry } from "../kernel.ts";
import { Registration, Sessions } from "../people/index.ts";
import { Points } from "../points/index.ts";
import { type Store, openStore } from "../store/index.ts";
import { Authority, Identities, Joins, pointTrustKind } from "../credentials/index.ts";

type Joined = Awaited<ReturnType<Joins["redeem"]>>;

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

export const SETTINGS: Settings = {
  publicUrl: "http://localhost:7330",
  trustDomain: "example.org",
  approvals: { waitSeconds: 1, expirySeconds: 900 },
  lease: { seconds: 3, renewSeconds: 1, marginMs: 500 },
  limits: { argumentsBytes: 1_048_576, depth: 64 },
};

interface Opened {
  readonly kernel: Kernel;
  readonly approvals: Approvals;
  readonly authority: Authority;
  readonly joins: Joins;
  readonly identities: Identities;
}

/** The identities of points over a real store in a folder of its own, with a clock that tests move. */
export class IdentityFixture {
  readonly path: string = mkdtempSync(join(tmpdir(), "countersign-identity-"));
  now: number = Date.UTC(2026, 10, 22, 12);
  private readonly passkey = createSoftAuthenticator({ rpId: "localhost", origin: SETTINGS.publicUrl });
  private readonly url: string | null;
  private opened: Opened | null = null;

  /** `url`: of a PostgreSQL that others use too, in the place of a database in the folder. */
  constructor(url: string | null = null) {
    this.url = url;
  }

  get(): Opened {
    if (this.opened === null) throw new Error("not open");
    return this.opened;
  }

  async open(settings: Settings = SETTINGS): Promise<void> {
    const now = (): number => this.now;
    const store: Store = await openStore({
      clock: now,
      ...(this.url === null ? { path: this.path } : { url: this.url }),
    });
    const keys = await store.exclusively(async () => await openKeyRing(store, Buffer.alloc(32, 7), { random, now }));
    const kernel: Kernel = {
      store,
      points: new Points(store),
      keys,
      random,
      now,
      log: pino({ level: "silent" }),
      pointId: newId("ep", this.now, random),
      hint: () => undefined,
      gatewayUrl: () => "",
    };
    await store.commit({
      put: [{ kind: "settings", id: "settings", terms: settings, state: { status: "active" }, authority: "genesis" }],
      entries: [serverEntry(kernel, "admin", { action: "settings", changes: [{ kind: "settings", id: "settings" }] })],
    });
    const kinds = new ChangeKinds();
    kinds.add(pointTrustKind);
    const approvals = new Approvals(kernel, kinds);
    const authority = await Authority.open(kernel);
    const identities = new Identities(kernel, { authority, approvals });
    this.opened = { kernel, approvals, authority, joins: new Joins(kernel, authority), identities };
  }

  /** Joins a gateway of that name, as one does. */
  async join(
    name: string,
    key: SigningKey = generateSigningKey("P-256"),
  ): Promise<Joined & { readonly key: SigningKey }> {
    const { joins } = this.get();
    const { token } = await joins.create(name, "local");
    return { ...(await this.redeem(token, { key })), key };
  }

  async redeem(
    token: string,
    {
      key = generateSigningKey("P-256"),
      name,
      audience = "spiffe://example.org/server",
      nonce,
    }: { key?: SigningKey; name?: string; audience?: string; nonce?: string } = {},
  ): Promise<Joined> {
    const read = parseJoinToken(token);
    if (read === null) throw new Error("no token");
    const { id, secret } = read;
    const keyProof = signKeyProof(key, { purpose: "point", audience, nonce: nonce ?? id, now: this.now });
    return await this.get().joins.redeem({ id, secret, name, keyProof });
  }

  /** The first human, an administrator, with a passkey that signs for real. */
  async administrator(): Promise<StateRecord<"human">> {
    const { kernel, approvals } = this.get();
    const registration = new Registration(kernel, { sessions: new Sessions(kernel), approvals });
    const setupToken = new URL((await registration.setupUrl()) ?? "").searchParams.get("token") ?? "";
    const options = await registration.options({ setupToken }, "Alice");
    const { humanId } = await registration.register({ setupToken }, this.passkey.register(options));
    const human = await kernel.store.get("human", humanId);
    if (human === null) throw new Error("no human");
    return human;
  }

  /** Signs what was proposed. */
  async sign(approval: string, approver: StateRecord<"human">): Promise<string> {
    const { approvals } = this.get();
    const ask = { decision: "approve", scope: "once" } as const;
    const { publicKey } = await approvals.options(approval, { approver, onPage: false }, ask);
    const response = this.passkey.sign(publicKey) as never;
    return (await approvals.answer(approval, approver, { ...ask, response })).state;
  }

  async close(): Promise<void> {
    await this.opened?.kernel.store.close();
    this.opened = null;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
