import { mkdirSync, readdirSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testCli } from "../testing/test-cli.ts";
import { findPlaces, parseServer, saveServer, saveStarted } from "./places.ts";

describe("parseServer", () => {
  it.each([
    ["http://localhost:7330", "http://localhost:7330"],
    ["https://CS.example/", "https://cs.example"],
    ["https://cs.example:443", "https://cs.example"],
    ["https://cs.example/path", null],
    ["https://u:p@cs.example", null],
    ["https://cs.example?x", null],
    ["ftp://cs.example", null],
    ["localhost:7330", null],
    ["", null],
  ])("%j", (text, server) => {
    expect(parseServer(text)).toBe(server);
  });
});

describe("findPlaces", () => {
  it("takes the flag, then the environment, then what was saved", () => {
    const { env } = testCli().surroundings;
    saveServer("https://saved.example", env);
    const withEnv = { ...env, server: "https://env.example" };
    expect(findPlaces({ server: "https://flag.example" }, withEnv).server).toBe("https://flag.example");
    expect(findPlaces({}, withEnv).server).toBe("https://env.example");
    expect(findPlaces({}, env).server).toBe("https://saved.example");
    expect(findPlaces({}, testCli().surroundings.env).server).toBeNull();
  });

  it("takes the data directory from the flag, the environment, the default", () => {
    const { env } = testCli().surroundings;
    expect(findPlaces({ data: "d" }, env).dataDir).toBe(join(env.cwd, "d"));
    expect(findPlaces({}, { ...env, dataDir: "/elsewhere" }).dataDir).toBe("/elsewhere");
    expect(findPlaces({}, env).dataDir).toBe(env.defaultDataDir);
  });

  it("names where a wrong address stands", () => {
    const { env } = testCli().surroundings;
    expect(() => findPlaces({ server: "nonsense" }, env)).toThrow("`nonsense` in --server");
    expect(() => findPlaces({}, { ...env, server: "nonsense" })).toThrow("`nonsense` in COUNTERSIGN_SERVER");
    mkdirSync(env.configDir, { recursive: true });
    writeFileSync(join(env.configDir, "config.json"), '{"server":"nonsense"}');
    expect(() => findPlaces({}, env)).toThrow("config.json` names no usable server");
    writeFileSync(join(env.configDir, "config.json"), "{");
    expect(() => findPlaces({}, env)).toThrow("is not valid JSON");
  });

  it("finds what was started last, unless it is gone or another one is named", () => {
    const { env } = testCli().surroundings;
    const started = join(env.cwd, "started");
    mkdirSync(started, { recursive: true });
    saveStarted({ dataDir: started, api: "http://localhost:7430" }, env);
    expect(findPlaces({}, env)).toMatchObject({ dataDir: started, usual: "http://localhost:7430" });
    expect(findPlaces({ data: "d" }, env).usual).toBe("http://localhost:7330");
    expect(findPlaces({ data: "d" }, env).dataDir).toBe(join(env.cwd, "d"));
    expect(findPlaces({}, { ...env, dataDir: "/elsewhere" }).dataDir).toBe("/elsewhere");
    saveServer("https://saved.example", env);
    expect(findPlaces({}, env)).toMatchObject({ dataDir: started, server: "https://saved.example", socketPath: null });
    rmdirSync(started);
    expect(findPlaces({}, env).dataDir).toBe(env.defaultDataDir);
  });

  it("does not take a plain file for a socket", () => {
    const { env } = testCli().surroundings;
    mkdirSync(env.defaultDataDir, { recursive: true });
    writeFileSync(join(env.defaultDataDir, "control.sock"), "");
    expect(findPlaces({}, env).socketPath).toBeNull();
  });
});

describe("private files", () => {
  it("are readable by their owner only, whole, and leave nothing beside them", () => {
    const { env } = testCli().surroundings;
    saveServer("https://saved.example", env);
    saveServer("https://other.example", env);
    expect(statSync(env.configDir).mode & 0o777).toBe(0o700);
    expect(statSync(join(env.configDir, "config.json")).mode & 0o777).toBe(0o600);
    expect(readdirSync(env.configDir)).toEqual(["config.json"]);
  });
});
