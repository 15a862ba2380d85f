import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DEVICE_KEY_FILE, createKey, loadKey, loadOrCreateKey, removeKey } from "./key-store.ts";

let root = "";
let folder = "";
let file = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "countersign-key-"));
  folder = join(root, "countersign");
  file = join(folder, DEVICE_KEY_FILE);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const refusal = (): unknown => {
  try {
    return loadOrCreateKey(file);
  } catch (error) {
    return error;
  }
};
const mode = (path: string): number => statSync(path).mode & 0o777;

describe("loadOrCreateKey", () => {
  it("makes a private key file in a private folder, and finds it again", () => {
    const key = loadOrCreateKey(file);
    expect(mode(file)).toBe(0o600);
    expect(mode(folder)).toBe(0o700);
    expect(readdirSync(folder)).toEqual([DEVICE_KEY_FILE]);
    expect(loadOrCreateKey(file).jkt).toBe(key.jkt);
    expect(loadKey(file)?.jkt).toBe(key.jkt);
  });
  it("closes a folder that is open to others", () => {
    mkdirSync(folder, { mode: 0o755 });
    loadOrCreateKey(file);
    expect(mode(folder)).toBe(0o700);
  });
  it("takes the key of the process that was first", () => {
    const first = createKey(file);
    expect(createKey(file).jkt).toBe(first.jkt);
    expect(readdirSync(folder)).toEqual([DEVICE_KEY_FILE]);
  });
  it.each([0o640, 0o604, 0o620, 0o602])("refuses a file with rights %o", (rights) => {
    loadOrCreateKey(file);
    chmodSync(file, rights);
    expect(refusal()).toMatchObject({ code: "config.invalid", detail: expect.stringContaining("chmod 600") as string });
  });
  it("refuses a link, even to a good key", () => {
    const other = join(root, "other", "key");
    loadOrCreateKey(other);
    mkdirSync(folder, { mode: 0o700 });
    symlinkSync(other, file);
    expect(refusal()).toMatchObject({ code: "config.invalid" });
  });
  it.runIf(process.getuid?.() === 0)("refuses a file of another user", () => {
    loadOrCreateKey(file);
    chownSync(file, 1000, 1000);
    expect(refusal()).toMatchObject({ code: "config.invalid" });
  });
  it("refuses a folder in place of the file", () => {
    mkdirSync(file, { recursive: true, mode: 0o700 });
    expect(refusal()).toMatchObject({ code: "config.invalid" });
  });
  it("refuses a folder that cannot be made", () => {
    writeFileSync(folder, "");
    expect(refusal()).toMatchObject({ code: "config.invalid" });
  });
  it.each(["", "{", "null", "{}", "x".repeat(5000)])("refuses damaged content, without quoting it", (content) => {
    loadOrCreateKey(file);
    const text = content === "{" ? readFileSync(file, "utf8").slice(0, -4) : content;
    writeFileSync(file, text);
    const error = refusal();
    expect(error).toMatchObject({ name: "AppError" });
    const secret = /"d":"([^"]+)/.exec(text)?.[1] ?? "nothing secret";
    expect(inspect(error, { depth: 5 })).not.toContain(secret);
    expect(readFileSync(file, "utf8")).toBe(text);
  });
});

describe("removeKey", () => {
  it("removes the key, and does nothing without one", () => {
    loadOrCreateKey(file);
    removeKey(file);
    removeKey(file);
    expect(loadKey(file)).toBeNull();
  });
});
