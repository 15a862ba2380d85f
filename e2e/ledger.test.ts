import { execFile } from "node:child_process";
import { hash, createPublicKey, verify } from "node:crypto";
import { cp, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { LedgerEntry } from "@countersign/core";
import { verifyLog } from "@countersign/ledger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifies } from "./support/invariants.ts";
import { Installation, mcpClient, refusalOf } from "./support/installation.ts";
import type { Person } from "./support/person.ts";
import { overSocket } from "./support/socket.ts";
import type { Workstation } from "./support/workstation.ts";

const run = promisify(execFile);
const goTool = join(import.meta.dirname, "..", "tools", "verify-go", "main.go");

/** Verifies a folder as a stranger does: with the public verifier and the platform's cryptography alone. */
async function strangerVerifies(folder: string): Promise<{ ok: boolean }> {
  const vkey = (await readFile(join(folder, "vkey"), "utf8")).trim();
  const read = async (path: string): Promise<Uint8Array | null> => await readFile(join(folder, path)).catch(() => null);
  return await verifyLog(read, vkey, {
    sha256: (bytes) => hash("sha256", bytes, "buffer"),
    verify: (key, bytes, signature) =>
      verify(
        null,
        bytes,
        createPublicKey({
          key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(key).toString("base64url") },
          format: "jwk",
        }),
        signature,
      ),
  });
}

describe("the ledger of an installation", () => {
  let here: Installation;
  let alice: Person;
  let laptop: Workstation;
  let task = "";

  beforeAll(async () => {
    here = await Installation.create();
    ({ alice, laptop } = await here.people());
    await here.agent(alice);
    const opened = await laptop.openTask("coder", { purpose: "a purpose nobody may read" });
    task = opened.id;
    const client = await mcpClient(opened);
    const path = join(here.files, "a.txt");
    await writeFile(path, "hello");
    await client.callTool({ name: "read_text_file", arguments: { path } });
    const write = { name: "write_file", arguments: { path, content: "changed", password: "hunter2-hunter2" } };
    const held = refusalOf(await client.callTool(write));
    await alice.answer(held?.approval ?? "");
    await client.callTool(write);
    await client.callTool({ name: "nonsense", arguments: {} });
    await client.close();
  });
  afterAll(async () => await here.close());

  const entries = async (query: string): Promise<{ index: number; body: LedgerEntry }[]> =>
    (await alice.json<{ entries: { index: number; body: LedgerEntry }[] }>(`/v1/ledger/entries?limit=1000&${query}`))
      .entries;
  const folder = (): string => join(here.data, "ledger");
  const published = async (): Promise<void> => {
    const size = (await entries("")).length;
    await expect
      .poll(async () => (await alice.json<{ size: number }>("/v1/ledger/entries?limit=1")).size, { timeout: 10_000 })
      .toBeGreaterThanOrEqual(size);
  };

  it("names human, device, agent and task in every entry of an action", verifies("INV-11"), async () => {
    const acts = (await entries(`task=${task}`)).filter(
      ({ body }) => body.kind.startsWith("action.") || body.kind === "decision",
    );
    expect(acts.length).toBeGreaterThanOrEqual(5);
    for (const { body } of acts) {
      expect(body.chain).toEqual({
        human: alice.humanId,
        device: laptop.device,
        agent: expect.stringMatching(/^agt_/),
        task,
      });
      expect(body.agentProof).toBe("declared");
    }
  });

  it("has an outcome for every intent, after it, and counts without gaps", verifies("INV-6"), async () => {
    const all = await entries("");
    const intents = all.filter(({ body }) => body.kind === "action.intent");
    expect(intents.length).toBe(2);
    for (const { index, body } of intents) {
      const outcome = all.find((e) => e.body.kind === "action.outcome" && e.body.intent === body.intent);
      expect(outcome?.index).toBeGreaterThan(index);
    }
    const points = new Map<string, number[]>();
    for (const { body } of all) points.set(body.point, [...(points.get(body.point) ?? []), body.pointSeq]);
    for (const counted of points.values()) expect(counted).toEqual(counted.map((_, i) => (counted[0] ?? 0) + i));
  });

  it("keeps names, purposes, arguments and secrets out of the leaves", verifies("INV-9"), async () => {
    const text = JSON.stringify(await entries(""));
    for (const secret of ["Alice", "a purpose nobody", "hunter2", "laptop"]) expect(text).not.toContain(secret);
    const held = (await entries("kind=action.intent")).find(({ body }) => body.effect === "destructive");
    expect(held?.body.argsShown?.hidden).toContain("/password");
    expect(held?.body.approval).toMatch(/^apr_/);
  });

  it("tells who did it, by name, newest first", async () => {
    const { acts } = await alice.json<{ acts: Record<string, unknown>[] }>(
      `/v1/ledger/who?resource=${encodeURIComponent(`file:${here.files}/*`)}`,
    );
    expect(acts[0]).toMatchObject({
      action: "mcp:files/write_file",
      outcome: "ok",
      names: { human: "Alice Example", agent: "coder", device: "laptop" },
    });
    expect(acts.map((act) => (act["decision"] as { result: string }).result)).toEqual(["permit", "hold", "permit"]);
  });

  it("is verified by a stranger, and refused with one changed byte", verifies("INV-7"), async () => {
    await published();
    expect(await strangerVerifies(folder())).toMatchObject({ ok: true });
    const copy = join(here.folder, "copy");
    await cp(folder(), copy, { recursive: true });
    const bundle = join(
      copy,
      "tile",
      "entries",
      "000.p",
      (await readdir(join(copy, "tile", "entries", "000.p"))).toSorted((a, b) => Number(b) - Number(a))[0] ?? "",
    );
    const bytes = await readFile(bundle);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(bundle, bytes);
    expect(await strangerVerifies(copy)).toMatchObject({ ok: false });
  });

  it("is accepted by Go's own sumdb packages", async (context) => {
    const go = await run("go", ["version"]).then(
      () => true,
      () => false,
    );
    if (!go) context.skip("needs Debian's Go: apt-get install -y golang-go golang-golang-x-mod-dev");
    await published();
    const vkey = (await readFile(join(folder(), "vkey"), "utf8")).trim();
    const env = { ...process.env, GO111MODULE: "off", GOPATH: "/usr/share/gocode" };
    const { stdout } = await run("go", ["run", goTool, folder(), vkey], { env });
    expect(stdout).toContain("equal to the tiles and to the signed root");
  });

  it("shows its checkpoint and hashes to everybody, its entries only to auditors", async () => {
    await published();
    const checkpoint = await fetch(new URL("/ledger/checkpoint", here.composed.api));
    expect(await checkpoint.text()).toMatch(/^localhost:\d+\/ledger\n\d+\n/);
    expect((await fetch(new URL("/ledger/tile/entries/000.p/1", here.composed.api))).status).toBe(401);
    for (const path of ["..%2f..%2fcountersign.db", "0/..", "entries/../0/000"]) {
      expect((await fetch(new URL(`/ledger/tile/${path}`, here.composed.api))).status, path).not.toBe(200);
    }
  });

  it("looks healthy to doctor", async () => {
    const { checks } = (await overSocket(join(here.data, "control.sock"), "/v1/doctor")).json as {
      checks: { name: string; ok: boolean; detail: string }[];
    };
    expect(checks.filter((c) => !c.ok && c.name !== "user")).toEqual([]);
    expect(checks.map((c) => c.name)).toEqual(expect.arrayContaining(["ledger", "database", "zombies", "leases"]));
  });
});
