import { type KeyObject, createHmac, timingSafeEqual } from "node:crypto";
import { AppError, type HumanId, type PublicJwk, type Random, type Sealed } from "@countersign/core";
import {
  type SigningKey,
  exportPrivateJwk,
  generateSigningKey,
  importSigningKey,
  keptKey,
  newKey,
  open,
  openText,
  seal,
  sealText,
  unwrapKey,
  wrapKey,
} from "@countersign/credentials";
import type { Store } from "../store/index.ts";
import { MasterKeys } from "./master-keys.ts";

/** The keys of an installation, wrapped by the master key in the database. Losing a person's key erases what is said about that person. */
export interface KeyRing {
  /** Signs checkpoints of the ledger. */
  readonly ledger: SigningKey;
  /** Signs receipts. */
  readonly receipts: SigningKey;
  /** Signs access tokens. */
  readonly tokens: SigningKey;
  /** Signs the certificates of servers and points: P-256. */
  readonly authority: SigningKey;
  /** Keyed digest by which a repeat of a held call is found. */
  match(text: string): string;
  /** HMAC-SHA256, base64url: marks what servers of this installation tell each other. `context` keeps one use from standing for another. */
  mac(context: string, text: string): string;
  isMac(context: string, text: string, mac: string): boolean;
  /** Makes the key of a new person; the blob goes into the commit that creates the person. */
  newPerson(human: HumanId): Promise<{ readonly name: string; readonly bytes: Uint8Array }>;
  sealText(human: HumanId, text: string): Promise<Sealed>;
  /** Null when the person's key was erased. */
  openText(sealed: Sealed): Promise<string | null>;
  /** Seals bytes about a person (or, without one, of the installation); `name` is the blob's name and is bound to it. */
  sealBlob(human: HumanId | null, name: string, text: string): Promise<Uint8Array>;
  openBlob(human: HumanId | null, name: string, bytes: Uint8Array): Promise<string | null>;
  /** Wraps a data key under the master key; `owner` says whose it is and is bound to it. */
  wrap(owner: string, key: Uint8Array): Promise<string>;
  /** @throws AppError `data.damaged` for another owner, a changed box, or a master key that is not here */
  unwrap(owner: string, box: string): Promise<Buffer>;
  readonly masters: MasterKeys;
}

/** How long an opened key of a person is at hand: erased by another server, it is gone here after this at the latest. */
const AT_HAND_MS = 60_000;
const MOST_AT_HAND = 10_000;

/** Where there is this, there is a key ring. */
export const FIRST_KEY = "key/ledger";

const personBlob = (human: HumanId): string => `key/person/${human}`;

/** Opens the keys of an installation, and makes them first where there are none. Run it alone (`store.exclusively`): two rings would be made else. */
export async function openKeyRing(
  store: Store,
  masterKey: Buffer | MasterKeys,
  { random, now }: { readonly random: Random; readonly now: () => number },
): Promise<KeyRing> {
  const masters = masterKey instanceof MasterKeys ? masterKey : new MasterKeys(store, [masterKey], null);
  const vault = { store, masters, random };
  const signing = await signingKeys(vault);
  const matching = await symmetricKey(vault, "key/match");
  const common = keptKey(await symmetricKey(vault, "key/common"));
  const people = new KeysAtHand(now);

  const atHand = (human: HumanId | null): KeyObject | undefined => (human === null ? common : people.get(human));
  const keyOf = async (human: HumanId | null): Promise<KeyObject | null> => {
    const known = atHand(human);
    if (known !== undefined || human === null) return known ?? null;
    const blob = await store.blob(personBlob(human));
    if (blob === null) return null;
    const key = keptKey(await unwrap(masters, textOf(blob), personBlob(human)));
    people.keep(human, key);
    return key;
  };
  return {
    ...signing,
    match: (text) => createHmac("sha256", matching).update(text).digest("base64url"),
    ...marks(matching),
    masters,
    wrap: async (owner, key) => wrapKey(await masters.current(), key, { owner, random }),
    unwrap: async (owner, box) => await unwrap(masters, box, owner),
    async newPerson(human) {
      const key = newKey(random);
      const name = personBlob(human);
      const bytes = Buffer.from(wrapKey(await masters.current(), key, { owner: name, random }));
      people.keep(human, keptKey(key));
      return { name, bytes };
    },
    ...boxes({ keyOf, atHand, random }),
  };
}

interface Boxing {
  /** Null: the person's key was erased. */
  readonly keyOf: (human: HumanId | null) => Promise<KeyObject | null>;
  readonly atHand: (human: HumanId | null) => KeyObject | undefined;
  readonly random: Random;
}

function boxes({ keyOf, atHand, random }: Boxing): Pick<KeyRing, "sealText" | "openText" | "sealBlob" | "openBlob"> {
  const mustHave = async (human: HumanId | null): Promise<KeyObject> => {
    const key = await keyOf(human);
    if (key === null) throw new AppError("request.not_found", { detail: "the person's key was erased" });
    return key;
  };
  return {
    sealText: async (human, text) => sealText({ person: human, key: await mustHave(human) }, text, random),
    async openText(sealed) {
      const key = await keyOf(sealed.person);
      return key === null ? null : openText(key, sealed);
    },
    sealBlob: async (human, name, text) =>
      Buffer.from(seal(atHand(human) ?? (await mustHave(human)), text, { aad: name, random })),
    async openBlob(human, name, bytes) {
      const key = await keyOf(human);
      if (key === null) return null;
      const opened = open(key, Buffer.from(bytes).toString("latin1"), name);
      return opened.ok ? opened.plaintext.toString("utf8") : null;
    },
  };
}

/** Opened keys of people. */
class KeysAtHand {
  private readonly keys = new Map<string, { readonly key: KeyObject; readonly until: number }>();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  keep(human: HumanId, key: KeyObject): void {
    const [oldest] = this.keys.keys();
    if (this.keys.size >= MOST_AT_HAND && oldest !== undefined) this.keys.delete(oldest);
    this.keys.set(human, { key, until: this.now() + AT_HAND_MS });
  }

  get(human: HumanId): KeyObject | undefined {
    const kept = this.keys.get(human);
    if (kept !== undefined && kept.until > this.now()) return kept.key;
    this.keys.delete(human);
    return undefined;
  }
}

/** A key of its own, derived from that of the matches, which is made once and is nobody's but ours. */
function marks(matching: Buffer): Pick<KeyRing, "mac" | "isMac"> {
  const key = createHmac("sha256", matching).update("countersign-board-v1").digest();
  const mac = (context: string, text: string): Buffer =>
    createHmac("sha256", key).update(`${context}\n${text}`).digest();
  return {
    mac: (context, text) => mac(context, text).toString("base64url"),
    isMac(context, text, given) {
      const [expected, said] = [mac(context, text), Buffer.from(given, "base64url")];
      return said.length === expected.length && timingSafeEqual(said, expected);
    },
  };
}

interface Vault {
  readonly store: Store;
  readonly masters: MasterKeys;
  readonly random: Random;
}

async function signingKeys(vault: Vault): Promise<Pick<KeyRing, "ledger" | "receipts" | "tokens" | "authority">> {
  return {
    ledger: await signingKey(vault, FIRST_KEY),
    receipts: await signingKey(vault, "key/receipts"),
    tokens: await signingKey(vault, "key/tokens"),
    authority: await signingKey(vault, "key/authority", "P-256"),
  };
}

async function symmetricKey({ store, masters, random }: Vault, name: string): Promise<Buffer> {
  const blob = await store.blob(name);
  if (blob !== null) return await unwrap(masters, textOf(blob), name);
  const key = newKey(random);
  const box = wrapKey(await masters.current(), key, { owner: name, random });
  await store.commit({ blobs: [{ name, bytes: Buffer.from(box) }] });
  return key;
}

async function signingKey(
  { store, masters, random }: Vault,
  name: string,
  curve: PublicJwk["crv"] = "Ed25519",
): Promise<SigningKey> {
  const blob = await store.blob(name);
  if (blob !== null) {
    const opened = await masters.open((key) => open(key, textOf(blob), name));
    return importSigningKey(JSON.parse(opened.toString("utf8")));
  }
  const key = generateSigningKey(curve);
  const box = seal(await masters.current(), JSON.stringify(exportPrivateJwk(key)), { aad: name, random });
  await store.commit({ blobs: [{ name, bytes: Buffer.from(box) }] });
  return key;
}

async function unwrap(masters: MasterKeys, box: string, owner: string): Promise<Buffer> {
  return await masters.open((key) => unwrapKey(key, box, owner));
}

function textOf(blob: Uint8Array): string {
  return Buffer.from(blob).toString("latin1");
}
