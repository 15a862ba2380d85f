import type { StateRecord } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { verifies } from "../../../e2e/support/invariants.ts";
import { formerLeaseMs, leaseMs } from "./lease-time.ts";
import { settingsPutKind } from "./upstreams/index.ts";
import { type TestKernel, testKernel } from "./testing/test-kernel.ts";

const leaseOf = (seconds: number): StateRecord<"settings">["terms"]["lease"] => ({
  seconds,
  renewSeconds: 1,
  marginMs: 100,
});

describe("how long a lease may still run", () => {
  let here: TestKernel;
  /** Nothing of these changes depends on who signs. */
  const approver = {} as StateRecord<"human">;
  beforeEach(async () => {
    here = await testKernel({ lease: leaseOf(10) });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await here.close();
  });

  /** As a signed change does. */
  async function change(seconds: number): Promise<void> {
    const known = (await here.kernel.store.get("settings", "settings")) as StateRecord<"settings">;
    const draft = { ...known.terms, lease: leaseOf(seconds) };
    const { bound } = await settingsPutKind.build(here.kernel, draft, approver);
    const [put] = bound;
    await here.put({ ...put, authority: "genesis" } as never);
  }

  it("is what the settings say", async () => {
    expect(await leaseMs(here.kernel)).toBe(10_100);
    await change(20);
    expect(await leaseMs(here.kernel)).toBe(20_100);
  });

  it(
    "is the former length for as long as that, after it was made shorter: a point that was not reached has it",
    verifies("INV-3"),
    async () => {
      const now = vi.spyOn(performance, "now").mockReturnValue(1000);
      await change(1);
      expect(await leaseMs(here.kernel)).toBe(10_100);
      now.mockReturnValue(1000 + 10_099);
      expect(await leaseMs(here.kernel)).toBe(10_100);
      now.mockReturnValue(1000 + 10_100);
      expect(await leaseMs(here.kernel)).toBe(1100);
    },
  );

  it("keeps the longest of several changes", async () => {
    await change(5);
    await change(1);
    const settings = (await here.kernel.store.get("settings", "settings")) as StateRecord<"settings">;
    expect(formerLeaseMs(settings)).toBe(10_100);
    expect(await leaseMs(here.kernel)).toBe(10_100);
  });
});
