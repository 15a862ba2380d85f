import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takePlace } from "./place.ts";

const random = (length: number): Uint8Array => randomBytes(length);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-place-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

describe("takePlace", () => {
  it("names a server for good, remembers its port, and lets nobody else in meanwhile", async () => {
    const data = join(folder, "data");
    const first = await takePlace(data, random);
    expect([first.port, (await stat(data)).mode & 0o777]).toEqual([null, 0o700]);
    await expect(takePlace(data, random)).rejects.toMatchObject({ code: "data.in_use" });
    await first.keepPort(7330);
    first.release();
    const second = await takePlace(data, random);
    expect([second.name, second.port]).toEqual([first.name, 7330]);
    second.release();
    const elsewhere = await takePlace(join(folder, "other"), random);
    expect(elsewhere.name).not.toBe(first.name);
    elsewhere.release();
  });

  it("refuses what it did not write, and lets go of the directory then", async () => {
    for (const text of ["", "abc", "abcdefgh 1 2\n", "ABCDEFGH\n", "abcdefgh 123456\n", "../../x\n"]) {
      await writeFile(join(folder, "place"), text);
      await expect(takePlace(folder, random)).rejects.toMatchObject({ code: "data.damaged" });
    }
    await rm(join(folder, "place"));
    const place = await takePlace(folder, random);
    expect(await readFile(join(folder, "place"), "utf8")).toMatch(/^[a-z0-9]{8} [A-Za-z0-9_-]{16}\n$/);
    place.release();
  });

  it("takes a copied directory for another server", async () => {
    const [data, copy] = [join(folder, "data"), join(folder, "copy")];
    const first = await takePlace(data, random);
    await first.keepPort(7330);
    await mkdir(copy);
    await copyFile(join(data, "place"), join(copy, "place"));
    const second = await takePlace(copy, random);
    expect([second.name === first.name, second.port]).toEqual([false, 7330]);
    first.release();
    second.release();
  });
});
