import type { JsonObject } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { actsOn, guessResource, unmappedNote } from "./judge-tools.ts";

const text = { type: "string" };
const texts = { type: "array", items: text };
const guess = (properties: JsonObject, required = Object.keys(properties), takesPaths = true): unknown =>
  guessResource({ inputSchema: { type: "object", properties, required } }, takesPaths);

describe("guessResource", () => {
  it.each<[string, JsonObject, unknown]>([
    ["one file", { path: text, content: text }, "file:{path}"],
    ["many files", { paths: texts }, "file:{paths[]}"],
    ["two files", { source: text, destination: text }, ["file:{source}", "file:{destination}"]],
    ["an old and a new name", { old_path: text, new_path: text }, ["file:{old_path}", "file:{new_path}"]],
    ["from and to", { from: text, to: text }, ["file:{from}", "file:{to}"]],
    ["many files and where they go", { paths: texts, path: text }, ["file:{paths[]}", "file:{path}"]],
    ["an address", { url: text }, "{url}"],
  ])("maps %s", (_, properties, mapping) => {
    expect(guess(properties)).toEqual(mapping);
  });

  it.each<[string, JsonObject, string[]?]>([
    ["a half of a pair", { path: text, destination: text }],
    ["a pair that may be left out", { path: text, source: text, destination: text }, ["path"]],
    ["a list of something else", { files: { type: "array", items: { type: "object" } } }],
    ["a list that is a text", { paths: text }],
    ["a path that is a list", { path: texts }],
    ["a file and an address", { path: text, url: text }],
    ["two addresses", { url: text, uri: text }],
    ["nothing of the kind", { query: text }],
  ])("does not map %s", (_, properties, required) => {
    expect(guess(properties, required)).toBeNull();
  });

  it("maps no path of a server that was told no folder", () => {
    expect(guess({ source: text, destination: text }, undefined, false)).toBeNull();
  });
});

describe("what a table says", () => {
  it("of several resources, and of none", () => {
    expect(actsOn({ resource: ["file:{a}", "file:{b}"] })).toBe("file:{a}, file:{b}");
    expect(actsOn({ resource: null })).toBe("the server itself");
    expect(unmappedNote([{ resource: "file:{a}" }])).toEqual([]);
    expect(unmappedNote([{ resource: null }])).toHaveLength(1);
  });
});
