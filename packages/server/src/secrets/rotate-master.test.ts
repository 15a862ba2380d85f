import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HumanId, type Sealed, newId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { firstKeys } from "../first-keys.ts";
import type { Kernel } from "../kernel.ts";
import { type LedgerStore, openStore } from "../store/index.ts";
import { type TestKernel, random, testKernel } from "../testing/test-kernel.ts";
import { rotateMaster } from "./rotate-master.ts";
import { readSecret, sealSecret } from "./secrets.ts";

const CANARY = "canary-9d1b";
const ALONE = { isShared: false };

describe("the master key", () => {
  let folder = "";
  let file = "";
  let store: LedgerStore;
  let test: TestKernel;
  const opened: LedgerStore[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "countersign-master-"));
    file = join(folder, "master.key");
    store = await openStore({ path: join(folder, "data"), clock: Date.now });
    opened.push(store);
    test = await testKernel();
  });
  afterEach(async () => {
    await test.close();
    for (const one of opened.splice(0)) await one.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A server that starts on this state with that file. */
  const server = async (masterKeyFile = file, on: LedgerStore = store): Promise<Kernel> => {
    const { keys, pointId } = await firstKeys({ masterKeyFile, random, now: Date.now }, on);
    return { ...test.kernel, store: on, keys, pointId };
  };
  const fileKeys = async (path = file): Promise<readonly string[]> => (await readFile(path, "utf8")).trim().split("\n");

  interface Planted {
    readonly person: HumanId;
    readonly text: Sealed;
    readonly secret: string;
    readonly tokens: string;
  }
  async function plant(kernel: Kernel): Promise<Planted> {
    const person = newId("hum", Date.now(), random);
    const key = await kernel.keys.newPerson(person);
    const { ref, blob } = await sealSecret(kernel, CANARY);
    await kernel.store.commit({ blobs: [key, blob] });
    const text = await kernel.keys.sealText(person, "Ada");
    return { person, text, secret: ref.fromStore, tokens: kernel.keys.tokens.jkt };
  }
  async function expectWhole(kernel: Kernel, { text, secret, tokens }: Planted): Promise<void> {
    expect(await kernel.keys.openText(text)).toBe("Ada");
    expect(await readSecret(kernel, secret)).toBe(CANARY);
    expect(kernel.keys.tokens.jkt).toBe(tokens);
  }

  it("is replaced under everything that it wraps; the former one opens nothing any more", async () => {
    const kernel = await server();
    const planted = await plant(kernel);
    const [former] = await fileKeys();
    expect(await rotateMaster(kernel, ALONE)).toMatchObject({ state: "rotated", rewrapped: 8 });
    const [next, ...more] = await fileKeys();
    expect(more).toEqual([]);
    expect(next).not.toBe(former);
    await expectWhole(kernel, planted);
    await expectWhole(await server(), planted);
    const old = join(folder, "old.key");
    await writeFile(old, `${former ?? ""}\n`, { mode: 0o600 });
    await expect(server(old)).rejects.toMatchObject({ code: "data.damaged" });
    expect(await rotateMaster(kernel, ALONE)).toMatchObject({ state: "rotated", rewrapped: 8 });
    await expectWhole(await server(), planted);
  });

  it("leaves an installation that opens and a replacement that goes on, wherever it is cut off", async () => {
    const planted = await plant(await server());
    let steps = 0;
    for (let cut = 0; cut < 40; cut += 1) {
      let left = cut;
      const failing = <T>(action: () => Promise<T>): Promise<T> => {
        steps += 1;
        left -= 1;
        return left < 0 ? Promise.reject(new Error("cut off")) : action();
      };
      const kernel = await server();
      const { masters } = kernel.keys;
      const replace = masters.replace.bind(masters);
      masters.replace = async (keys) => await failing(async () => await replace(keys));
      const cutStore: LedgerStore = Object.assign(Object.create(store) as LedgerStore, {
        commit: async (commit: Parameters<LedgerStore["commit"]>[0]) =>
          await failing(async () => await store.commit(commit)),
        replaceBlobs: async (blobs: Parameters<LedgerStore["replaceBlobs"]>[0]) => {
          // One transaction a blob, so that it is cut off between any two of them.
          let count = 0;
          for (const blob of blobs) count += await failing(async () => await store.replaceBlobs([blob]));
          return count;
        },
        exclusively: async <T>(action: () => Promise<T>): Promise<T> => await action(),
      });
      const done = await rotateMaster({ ...kernel, store: cutStore }, ALONE).then(
        () => true,
        () => false,
      );
      await expectWhole(await server(), planted);
      if (done) break;
      // Half of the time it is asked for again, the other half another process does.
      expect(await rotateMaster(await server(), ALONE)).toMatchObject({ state: "rotated" });
      expect(await fileKeys()).toHaveLength(1);
      await expectWhole(await server(), planted);
    }
    expect(steps).toBeGreaterThan(50);
  });

  it("is made known to every server first where there are several; one without it makes nothing that others cannot read", async () => {
    const theirs = join(folder, "theirs.key");
    const one = await server();
    await writeFile(theirs, await readFile(file), { mode: 0o600 });
    const two = await server(theirs);
    const planted = await plant(two);
    expect(await rotateMaster(one, { isShared: true })).toMatchObject({ state: "prepared" });
    expect(await fileKeys()).toHaveLength(2);
    const before = await plant(two);
    await expectWhole(one, before);
    expect(await rotateMaster(one, { isShared: true })).toMatchObject({ state: "rotated" });
    await expect(plant(two)).rejects.toMatchObject({ code: "data.damaged" });
    expect(await readSecret(one, planted.secret)).toBe(CANARY);
    await expect(readSecret(two, planted.secret)).rejects.toMatchObject({ code: "data.damaged" });
    // The operator copies the file; nobody restarts.
    await writeFile(theirs, await readFile(file), { mode: 0o600 });
    await expectWhole(two, planted);
    await expectWhole(one, await plant(two));
  });

  it("does not bring back what was erased meanwhile", async () => {
    const kernel = await server();
    const { person, text } = await plant(kernel);
    const erasing = Object.assign(Object.create(store) as LedgerStore, {
      replaceBlobs: async (blobs: Parameters<LedgerStore["replaceBlobs"]>[0]) => {
        await store.eraseBlob(`key/person/${person}`);
        return await store.replaceBlobs(blobs);
      },
    });
    await rotateMaster({ ...kernel, store: erasing }, ALONE);
    expect(await store.blob(`key/person/${person}`)).toBeNull();
    expect(await (await server()).keys.openText(text)).toBeNull();
  });

  it("is refused in a file that is not one of keys", async () => {
    await server();
    const [key] = await fileKeys();
    for (const text of ["", "short\n", `${key ?? ""}\nshort\n`, `${`${key ?? ""}\n`.repeat(5)}`]) {
      await writeFile(file, text);
      await expect(server()).rejects.toMatchObject({ code: "config.invalid" });
    }
    await writeFile(file, `${key ?? ""}\n`);
    await chmod(file, 0o640);
    await expect(server()).rejects.toMatchObject({ code: "config.invalid" });
  });
});

describe("a secret", () => {
  let test: TestKernel;
  beforeEach(async () => void (test = await testKernel()));
  afterEach(async () => await test.close());

  it("has a name and a key of its own, and opens under no other name", async () => {
    const { kernel } = test;
    const [first, second] = [await sealSecret(kernel, CANARY), await sealSecret(kernel, CANARY)];
    expect(first.ref).not.toEqual(second.ref);
    expect(first.blob.bytes).not.toEqual(second.blob.bytes);
    await kernel.store.commit({ blobs: [first.blob, { name: second.blob.name, bytes: first.blob.bytes }] });
    expect(await readSecret(kernel, first.ref.fromStore)).toBe(CANARY);
    await expect(readSecret(kernel, second.ref.fromStore)).rejects.toMatchObject({ code: "data.damaged" });
    expect(Buffer.from(first.blob.bytes).toString()).not.toContain(CANARY);
    expect(await readSecret(kernel, "secret/none")).toBeNull();
    expect(await readSecret(kernel, "key/common")).toBeNull();
  });

  it("is refused after any change, and its former form still opens", async () => {
    const { kernel } = test;
    const { ref, blob } = await sealSecret(kernel, CANARY);
    for (let at = 0; at < blob.bytes.length; at += 7) {
      const bytes = Buffer.from(blob.bytes);
      bytes[at] = bytes[at] === 65 ? 66 : 65;
      await kernel.store.commit({ blobs: [{ name: blob.name, bytes }] });
      await expect(readSecret(kernel, ref.fromStore)).rejects.toMatchObject({ code: "data.damaged" });
    }
    const bytes = await kernel.keys.sealBlob(null, blob.name, CANARY);
    await kernel.store.commit({ blobs: [{ name: blob.name, bytes }] });
    expect(await readSecret(kernel, ref.fromStore)).toBe(CANARY);
  });

  it("is refused when it is too long", async () => {
    await expect(sealSecret(test.kernel, randomBytes(40_000).toString("hex"))).rejects.toMatchObject({
      code: "request.invalid",
    });
  });
});
