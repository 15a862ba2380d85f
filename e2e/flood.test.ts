import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Installation, mcpClient, refusalOf } from "./support/installation.ts";
import { verifies } from "./support/invariants.ts";
import type { Person } from "./support/person.ts";
import { Workstation } from "./support/workstation.ts";

describe("whoever asks too much", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;
  let agent: string;

  beforeAll(async () => {
    here = await Installation.create({ config: { approvals: { waitSeconds: 0 } } });
    ({ alice, laptop } = await here.people());
    agent = await here.agent(alice);
  });
  afterAll(async () => await here.close());

  it("severs an agent that opens tasks as fast as it can", verifies("INV-3"), async () => {
    let spamming = true;
    let opened = 0;
    const busy = Promise.withResolvers<null>();
    const spam = Array.from({ length: 12 }, async () => {
      while (spamming) {
        await laptop.openTask("coder").then(
          () => ((opened += 1) < 100 ? null : busy.resolve(null)),
          () => undefined,
        );
      }
    });
    await busy.promise;
    const stopped = await alice.fetch("/v1/brakes", {
      body: { kind: "sever", scope: { type: "agent", value: agent }, reason: "flood" },
    });
    spamming = false;
    await Promise.all(spam);
    expect(stopped.status).toBe(200);
    const { tasks } = await alice.json<{ tasks: { agent: string; status: string }[] }>("/v1/tasks");
    expect(tasks.filter((t) => t.status === "live")).toEqual([]);
    const thaw = await alice.json<{ approvalId: string }>(
      `/v1/brakes/${((await stopped.json()) as { brake: string }).brake}/thaw`,
      {},
    );
    await alice.answer(thaw.approvalId);
  });

  it(
    "bounds what strangers may ask to sign, and shows it to nobody but those who have its link",
    verifies("INV-5"),
    async () => {
      const client = await mcpClient(await laptop.openTask("coder"));
      const held = refusalOf(
        await client.callTool({ name: "write_file", arguments: { path: join(here.files, "x"), content: "x" } }),
      );
      const asked = await Promise.all(
        Array.from(
          { length: 150 },
          async () =>
            await new Workstation(here.composed.api).requestSignIn().then(
              () => "taken",
              (error: unknown) => String(error),
            ),
        ),
      );
      expect(asked.filter((a) => a === "taken").length).toBeLessThan(120);
      expect(asked.find((a) => a !== "taken")).toContain("request.too_many");
      expect((await alice.pending()).map((a) => a.id)).toEqual([held?.approval]);
      await client.close();
    },
  );

  it("puts only so many calls before a human, and refuses the rest", verifies("INV-2", "INV-5"), async () => {
    const client = await mcpClient(await laptop.openTask("coder"));
    const write = async (i: number): Promise<ReturnType<typeof refusalOf>> =>
      refusalOf(
        await client.callTool({
          name: "write_file",
          arguments: { path: join(here.files, `f${String(i)}`), content: "x" },
        }),
      );
    const answers = [];
    for (let i = 0; i < 70; i += 1) answers.push(await write(i));
    const held = answers.filter((answer) => answer?.decision === "hold").length;
    expect(held).toBeGreaterThan(40);
    expect(answers.slice(held)).toEqual(
      answers.slice(held).map(() => expect.objectContaining({ decision: "deny", code: "countersignature.too_many" })),
    );
    expect(held).toBeLessThan(70);
    // A repeat of what waits already is no new question.
    expect(await write(7)).toMatchObject({ decision: "hold" });
    await client.close();
  });
});
