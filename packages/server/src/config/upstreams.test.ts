import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@countersign/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";
import { parseUpstream } from "./upstreams.ts";

const PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const database = (more: object = {}): object => ({ kind: "postgres", url: "postgres://db.example/billing", ...more });

function refused(terms: object): { readonly code: string; readonly text: string } {
  try {
    parseUpstream("billing", terms);
  } catch (error) {
    if (error instanceof AppError)
      return { code: error.code, text: `${error.message} ${JSON.stringify(error.details)}` };
    throw error;
  }
  throw new Error("was not refused");
}

describe("an upstream of kind postgres", () => {
  let folder = "";
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "countersign-config-"))));
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  it("is whole with an address and the place of its password", () => {
    expect(parseUpstream("billing", database({ password: { fromFile: "/run/secrets/billing" } }))).toEqual({
      kind: "postgres",
      url: "postgres://db.example:5432/billing",
      password: { fromFile: "/run/secrets/billing" },
      tls: "verify-full",
      critical: [],
      masking: {},
      recording: "durable",
      limits: {},
    });
  });

  it("takes ceilings, masks, critical relations and authorities", () => {
    const more = {
      limits: { rowsPerStatement: 10, relations: 0 },
      masking: { "public.people.email": "last4" },
      critical: ["sql:billing/public.people"],
      ca: PEM,
      recording: "batched",
    };
    expect(parseUpstream("billing", database(more))).toMatchObject(more);
  });

  it.each([
    ["a password as text", { password: "hunter2" }, "config.secret_literal"],
    ["a password in the address", { url: "postgres://u:hunter2@db.example/billing" }, "config.secret_literal"],
    ["a name of the store", { password: { fromStore: "secret/x" } }, "config.secret_literal"],
    ["a key among the authorities", { ca: `${PEM}-----BEGIN PRIVATE KEY-----\nhunter2` }, "config.invalid"],
    ["no authorities", { ca: "hunter2" }, "config.invalid"],
    ["no TLS to another machine", { tls: "disable" }, "config.invalid"],
    ["less than a whole check", { tls: "require" }, "config.invalid"],
    ["an unknown ceiling", { limits: { rows: 1 } }, "config.invalid"],
    ["half a row", { limits: { rowsRead: 0.5 } }, "config.invalid"],
    ["a mask of no column", { masking: { email: "null" } }, "config.invalid"],
    ["an unknown mask", { masking: { "public.people.email": "rot13" } }, "config.invalid"],
    ["what a server of tools has", { effects: {} }, "config.invalid"],
    ["an option in the address", { url: "postgres://db.example/billing?sslmode=disable" }, "config.invalid"],
  ])("is refused with %s, and the words hold no secret", (_, more, code) => {
    const { code: given, text } = refused(database(more));
    expect(given).toBe(code);
    expect(text).not.toContain("hunter2");
  });

  it("goes without TLS on its own machine", () => {
    const terms = parseUpstream("billing", database({ url: "postgres://127.0.0.1:5433/billing", tls: "disable" }));
    expect(terms).toMatchObject({ tls: "disable" });
  });

  it("stands in the file with its certificates by name: what is signed are the certificates", async () => {
    const [ca, file] = [join(folder, "ca.pem"), join(folder, "countersign.yaml")];
    await writeFile(ca, PEM);
    await writeFile(
      file,
      `upstreams:\n  billing: { kind: postgres, url: "postgres://db.example/billing", ca: { fromFile: ${ca} }, limits: { rowsRead: 5 } }\n`,
    );
    const source = {
      storedPublicUrl: null,
      boundUrl: null,
      formerPort: null,
      isShared: false,
      now: 0,
      environment: {},
      overrides: {},
    };
    const { upstreams } = await readConfig({ ...source, file });
    expect(upstreams["billing"]).toMatchObject({ kind: "postgres", ca: PEM, limits: { rowsRead: 5 } });
    await rm(ca);
    await expect(readConfig({ ...source, file })).rejects.toThrow(/upstreams\.billing\.ca/);
  });
});
