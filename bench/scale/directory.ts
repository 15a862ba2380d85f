import { AppError, type HumanId, type Json, newId } from "@countersign/core";
import { pooledRandom } from "@countersign/credentials";
import type { EntryDraft } from "@countersign/enforce";
import { type Put, type Store, openStore } from "../../packages/server/src/store/index.ts";

/** Records that one entry names: a leaf holds 60 KB. */
const NAMED = 400;
/** Commits that are under way at a time. */
const UNDER_WAY = 8;
/** Of so many identities one is a person; one in two is an agent, the rest are devices. */
const ONE_PERSON_IN = 10;

const random = pooledRandom();

/**
 * Puts so many identities (people, their devices and agents) into the directory of an installation that is not running, as commits of the
 * store with their entries. They are those of a large company: nobody of them is signed in.
 */
export async function fillDirectory(dataDir: string, identities: number, told: (done: number) => void): Promise<void> {
  const point = newId("ep", Date.now(), random);
  let done = 0;
  while (done < identities) {
    const store = await openStore({ path: dataDir, clock: Date.now });
    const waiting = new Set<Promise<unknown>>();
    try {
      for (; done < identities; done += NAMED) {
        const puts = some(done, Math.min(NAMED, identities - done));
        const committing = committed(store, { point, draft: draftOf(), changes: puts }, puts);
        waiting.add(committing);
        committing.then(
          () => waiting.delete(committing),
          () => undefined,
        );
        if (waiting.size >= UNDER_WAY) await Promise.race(waiting);
        if ((done / NAMED) % 250 === 0) told(done);
      }
      await Promise.all(waiting);
    } catch (error) {
      // A disk that does not keep up with a database of this size for seconds ends the store, as it must; the rest follows.
      if (!(error instanceof AppError) || error.code !== "ledger.unavailable") throw error;
    } finally {
      await Promise.allSettled(waiting);
      await store.close();
    }
  }
}

/** A person who is accountable for so many agents; answers the person's id. */
export async function someoneWithAgents(dataDir: string, agents: number): Promise<string> {
  const store = await openStore({ path: dataDir, clock: Date.now });
  try {
    const point = newId("ep", Date.now(), random);
    const human = someone();
    const records = [
      human,
      ...Array.from({ length: agents }, (_, i) => agentOf(human.id, `${human.id.slice(-8)}-${String(i)}`)),
    ];
    for (let done = 0; done < records.length; done += NAMED) {
      const puts = records.slice(done, done + NAMED);
      await committed(store, { point, draft: draftOf(), changes: puts }, puts);
    }
    return human.id;
  } finally {
    await store.close();
  }
}

type Entry = NonNullable<Parameters<Store["commit"]>[0]["entries"]>[number];

async function committed(store: Store, entry: Entry, put: readonly Put[]): Promise<void> {
  const result = await store.commit({ put, entries: [entry] });
  if (!result.ok) throw new Error(`the directory could not be filled: ${result.code}`);
}

function some(first: number, count: number): Put[] {
  const puts: Put[] = [];
  let owner = someone();
  for (let i = 0; i < count; i += 1) {
    if (i % ONE_PERSON_IN === 0) puts.push((owner = someone()));
    else puts.push(i % 2 === 0 ? deviceOf(owner.id) : agentOf(owner.id, `agent-${String(first + i)}`));
  }
  return puts;
}

const BOX = "q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0VniQq83vEjRWeJASNFZ4kBI0Vg";

function someone(): Put & { kind: "human" } {
  const id = newId("hum", Date.now(), random);
  const terms = { roles: [], name: { person: id, box: BOX } };
  return { kind: "human", id, terms, state: { status: "active" }, authority: "genesis" };
}

function deviceOf(owner: HumanId): Put {
  const x = Buffer.from(random(32)).toString("base64url");
  return {
    kind: "device",
    id: newId("dev", Date.now(), random),
    terms: {
      owner,
      jwk: { kty: "OKP", crv: "Ed25519", x },
      jkt: x,
      tier: "software",
      name: { person: owner, box: BOX },
    },
    state: { status: "active" },
    authority: "genesis",
  };
}

function agentOf(owner: HumanId, name: string): Put {
  return {
    kind: "agent",
    id: newId("agt", Date.now(), random),
    terms: {
      name,
      owner,
      purpose: { person: owner, box: BOX },
      scope: [{ action: "mcp:files/read_*", resource: "file:/srv/**" }],
      expiresAt: "2030-01-01T00:00:00.000Z",
      salt: "q83vEjRWeJASNFZ4kBI0VniQ",
    },
    state: { status: "active", executables: [] },
    authority: "genesis",
  };
}

function draftOf(): EntryDraft {
  const now = Date.now();
  return {
    id: newId("ent", now, random),
    time: new Date(now).toISOString(),
    kind: "identity",
    chain: { human: null, device: null, agent: null, task: null },
    agentProof: null,
    action: "directory.import",
    resource: null,
    effect: null,
    argsCommitment: null,
    argsShown: null,
    decision: null,
    posture: null as Json,
    risk: null,
  };
}
