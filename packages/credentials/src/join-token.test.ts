import { newId } from "@countersign/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { sha256 } from "./digest.ts";
import { makeJoinToken, parseJoinToken } from "./join-token.ts";
import { opaqueMatches } from "./opaque-token.ts";
import { flipBit } from "./testing/index.ts";

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
const id = newId("joi", 1_790_000_000_000, random);
const bundleHash = sha256("bundle");
const { token, digest } = makeJoinToken({ id, bundleHash, random });

it("is read as it was made, and only its digest knows the secret", () => {
  const read = parseJoinToken(token);
  expect(read).toMatchObject({ id, bundleHash });
  expect(opaqueMatches(read?.secret ?? "", digest)).toBe(true);
  expect(token).not.toContain(digest);
  expect(token).toMatch(/^csj1\.joi_[0-9A-Za-z]{22}\.[\w-]{43}\.[\w-]{43}$/);
});

it("differs each time", () => {
  expect(makeJoinToken({ id, bundleHash, random }).token).not.toBe(token);
});

it.each([
  ["another scheme", token.replace("csj1", "csj2")],
  ["another kind of id", token.replace("joi_", "inv_")],
  ["a part too few", token.slice(0, token.lastIndexOf("."))],
  ["a part too many", `${token}.`],
  ["a line break", `${token}\n`],
  ["a short secret", `csj1.${id}.${"A".repeat(42)}.${bundleHash}`],
  ["a long hash", `csj1.${id}.${"A".repeat(43)}.${bundleHash}AAAA`],
  ["a secret in another spelling", `csj1.${id}.${"A".repeat(42)}B.${bundleHash}`],
  ["nothing", ""],
  ["a megabyte", ".".repeat(1_048_576)],
])("is not read with %s", (_name, text) => {
  expect(parseJoinToken(text)).toBeNull();
});

it("never throws, and a changed token is another one or none", () => {
  fc.assert(fc.property(fc.string(), (text) => parseJoinToken(text) === null));
  fc.assert(
    fc.property(fc.nat(token.length * 7 - 1), (bit) => {
      const changed = parseJoinToken(flipBit(token, bit));
      expect(changed).not.toEqual(parseJoinToken(token));
    }),
  );
});
