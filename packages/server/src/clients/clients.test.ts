import type { HumanId, Json, StateRecord } from "@countersign/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verifies } from "../../../../e2e/support/invariants.ts";
import { Approvals, ChangeKinds } from "../approvals/index.ts";
import { readPayload } from "../approvals/payload.ts";
import { Sessions } from "../people/index.ts";
import { type TestKernel, testKernel } from "../testing/test-kernel.ts";
import { Clients, clientConnectKind } from "./clients.ts";

type Human = StateRecord<"human">;

let here: TestKernel;
let clients: Clients;
let asker: HumanId;
let admin: HumanId;
beforeEach(async () => {
  here = await testKernel();
  const kinds = new ChangeKinds();
  kinds.add(clientConnectKind);
  const { kernel } = here;
  clients = new Clients(kernel, { approvals: new Approvals(kernel, kinds), sessions: new Sessions(kernel) });
  [asker, admin] = [await here.person(), await here.person()];
});
afterEach(async () => await here.close());

async function human(id: HumanId): Promise<Human> {
  const found = await here.kernel.store.get("human", id);
  if (found === null) throw new Error("no human");
  return found;
}
/** What was proposed for somebody who is signed in. */
async function asked(by: HumanId): Promise<Json> {
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const agent = { name: "codex", purpose: "work", grants: [{ action: "mcp:files/*", resource: "**" }], expiresAt };
  const ask = { client: "codex", label: "Codex CLI", session: null, upstreams: [], agent };
  const { approvalId = "apr_" } = (await clients.connect(ask, await human(by))) ?? {};
  const approval = await here.kernel.store.get("approval", approvalId);
  return approval === null ? null : await readPayload(here.kernel, approval);
}
const build = async (draft: Json, signer: HumanId) =>
  await clientConnectKind.build(here.kernel, draft, await human(signer));

describe("a client that somebody else signs for", () => {
  it("acts as an agent of whoever asked", verifies("INV-11"), async () => {
    const draft = await asked(asker);
    const { bound, expect: expected, shown } = await build(draft, admin);
    expect(bound).toMatchObject([
      { kind: "agent", terms: { owner: asker, name: "codex", purpose: { person: asker } } },
    ]);
    expect(expected).toContainEqual({ kind: "human", id: asker, version: (await human(asker)).version });
    expect(shown).toMatchObject({ agent: { ownerId: asker } });
    expect(await build(draft, asker)).toMatchObject({ bound: [{ terms: { owner: asker } }] });
  });

  it("is not connected any more when whoever asked has left", async () => {
    const draft = await asked(asker);
    const { version: _version, ...known } = await human(asker);
    await here.put({ ...known, state: { status: "inactive" } });
    await expect(build(draft, admin)).rejects.toMatchObject({ code: "approval.changed" });
  });
});
