import { newId } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifies } from "../../../../e2e/support/invariants.ts";
import { type TestKernel, random, testKernel } from "../testing/test-kernel.ts";
import { ZombieWatch, findZombies } from "./zombies.ts";

describe("what outlived what is behind it", () => {
  let here: TestKernel;
  beforeEach(async () => {
    here = await testKernel();
  });
  afterEach(async () => await here.close());

  const session = async (human: string): Promise<void> => {
    await here.put({
      kind: "session",
      id: newId("ses", Date.now(), random),
      terms: { human, device: null, jkt: null, cookieDigest: "", expiresAt: new Date().toISOString() } as never,
      state: { status: "active" },
      authority: null,
    });
  };

  it("is found, named with its reason, and counted", verifies("INV-10"), async () => {
    const [alice, bob] = [await here.person(), await here.person("inactive")];
    await session(alice);
    expect(await findZombies(here.kernel)).toEqual([]);
    await session(bob);
    expect(await findZombies(here.kernel)).toEqual([
      { kind: "session", id: expect.stringMatching(/^ses_/), because: `human ${bob} is inactive` },
    ]);
    const watch = new ZombieWatch(here.kernel);
    expect(await watch.count()).toBe(1);
    watch.end();
  });
});
