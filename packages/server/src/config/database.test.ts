import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "@countersign/core";
import { readDatabase } from "./database.ts";

const URL_ = "postgres://writer@db.example/countersign";
const SECRET = "postgres://writer:hunter2@db.example/countersign";
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-database-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

describe("readDatabase", () => {
  it("is the embedded one where nobody says anything, and says that nobody did", async () => {
    expect(await readDatabase({ file: undefined, environment: {} })).toEqual({ url: null, isSaid: false });
    expect(await readDatabase({ file: "sqlite", environment: {} })).toEqual({ url: null, isSaid: true });
  });

  it("takes the environment before the file, and our own name before the usual one", async () => {
    const said = async (environment: Record<string, string>): Promise<unknown> =>
      (await readDatabase({ file: URL_, environment })).url;
    expect(await said({})).toBe(URL_);
    expect(await said({ DATABASE_URL: SECRET })).toBe(SECRET);
    expect(await said({ DATABASE_URL: SECRET, COUNTERSIGN_DATABASE: "sqlite" })).toBeNull();
  });

  it("takes a URL with its password from a file of its own, and from no configuration", async () => {
    const fromFile = join(folder, "url");
    await writeFile(fromFile, `${SECRET}\n`);
    expect((await readDatabase({ file: { fromFile }, environment: {} })).url).toBe(SECRET);
    const refused = readDatabase({ file: SECRET, environment: {} });
    await expect(refused).rejects.toMatchObject({ code: "config.secret_literal" });
    await expect(refused).rejects.toSatisfy(
      (error: AppError) => !`${error.message}${String(error.detail)}`.includes("hunter2"),
    );
    const missing = readDatabase({ file: { fromFile: join(folder, "none") }, environment: {} });
    await expect(missing).rejects.toMatchObject({ code: "config.invalid" });
  });

  it("refuses everything else, without repeating it", async () => {
    const known = (text: string): boolean => text === "sqlite" || /^postgres(ql)?:\/\//.test(text);
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 12 }).filter((text) => !known(text)),
        async (text) => {
          for (const source of [
            { file: text, environment: {} },
            { file: undefined, environment: { DATABASE_URL: text } },
          ]) {
            const error = await readDatabase(source).catch((thrown: unknown) => thrown);
            expect(error).toMatchObject({ code: "config.invalid" });
            expect((error as AppError).detail).not.toContain(text);
          }
        },
      ),
    );
    for (const file of [1, null, [], {}, { fromFile: "" }, { fromEnv: "X" }, "mysql://db.example/x"])
      await expect(readDatabase({ file, environment: {} })).rejects.toMatchObject({ code: "config.invalid" });
  });
});
