import { createPublicKey, verify } from "node:crypto";
import { createInterface } from "node:readline";
import type { Drill } from "@countersign/api";
import { canonicalBytes } from "@countersign/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommandLine } from "./support/command-line.ts";
import { Installation } from "./support/installation.ts";
import { verifies } from "./support/invariants.ts";
import type { Person } from "./support/person.ts";

describe("countersign drill", () => {
  let here: Installation;
  let alice: Person;
  let cli: CommandLine;

  beforeAll(async () => {
    here = await Installation.create();
    ({ alice } = await here.people());
    await here.agent(alice);
    cli = new CommandLine(here.folder, { COUNTERSIGN_SERVER: here.composed.api, COUNTERSIGN_DATA: here.data });
    const { approvalId } = await cli.json<{ approvalId: string }>("login", "--no-wait");
    await alice.answer(approvalId);
  });
  afterAll(async () => await here.close());

  it("freezes a canary, sees it refused, and signs what the points recorded", verifies("INV-3"), async () => {
    const drill = await cli.json<Drill>("drill", "--agent", "coder");
    expect(drill.code).toBe(0);
    const { code: _code, ...result } = drill;
    const mcp = result.points.find(({ name }) => name === "mcp");
    expect(mcp).toMatchObject({ how: "acknowledged", refusal: expect.stringMatching(/^ent_/) });

    const { receipts } = await alice.json<{ receipts: { kid: string; jwk: object }[] }>("/v1/keys");
    const jwk = receipts.find(({ kid }) => kid === result.kid)?.jwk ?? {};
    const { signature, ...signed } = result;
    const key = createPublicKey({ key: jwk as never, format: "jwk" });
    expect(verify(null, canonicalBytes(signed), key, Buffer.from(signature, "base64url"))).toBe(true);

    const { entries } = await alice.json<{ entries: { body: { action: string; resource: string } }[] }>(
      "/v1/ledger/entries?limit=20&reverse=1",
    );
    const settled = entries.filter(({ body }) => body.action === "drill.settled");
    expect(settled.map(({ body }) => body.resource)).toEqual([result.brake]);
    expect(await alice.json("/v1/drills/last")).toEqual({ drill: result });
  });

  it("goes on, one drill after the other, until it is stopped", { timeout: 120_000 }, async () => {
    const going = cli.start(["drill", "--agent", "coder", "--every", "10s", "--json"]);
    const brakes: string[] = [];
    for await (const line of createInterface({ input: going.child.stdout })) {
      brakes.push((JSON.parse(line) as Drill).brake);
      if (brakes.length === 2) break;
    }
    expect(new Set(brakes).size).toBe(2);
    const last = await alice.json<{ drill: Drill }>("/v1/drills/last");
    expect(last.drill.brake).toBe(brakes[1]);
    going.child.kill("SIGTERM");
    expect(await going.ended).toMatchObject({ code: 0 });
  });

  it("signs nothing that is no freeze of a task, or is not settled", async () => {
    const { brake } = await alice.json<{ brake: string }>("/v1/brakes", {
      kind: "freeze",
      scope: { type: "resource", value: "file:/nowhere" },
      reason: "test",
    });
    const asked = async (id: string): Promise<number> =>
      (await alice.fetch("/v1/drills", { body: { brake: id } })).status;
    expect(await asked(brake)).toBe(400);
    expect(await asked("brk_0000000000000000000000")).toBe(404);
  });

  it("fails without a server at which a canary could try", async () => {
    const ran = await cli.run("drill", "--agent", "nobody");
    expect(ran.code).not.toBe(0);
  });
});
