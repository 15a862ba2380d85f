import { describe, expect, it } from "vitest";
import { memoryLog, nodeSha256, sampleEntry, sampleLog } from "./testing/sample-log.ts";
import { parseBundle } from "./bundle.ts";
import { LogWriter } from "./log-writer.ts";
import { tilePath, tilesOf } from "./tile.ts";

describe("LogWriter", () => {
  it.each([0, 1, 255, 256, 257, 1000])("writes exactly the files that a log of %d entries has", (size) => {
    const { files } = sampleLog(size);
    expect([...files.keys()].toSorted()).toEqual(["checkpoint", ...Array.from(tilesOf(size), tilePath)].toSorted());
  });

  it("fills bundles with the entries in their order", () => {
    const bundle = parseBundle(sampleLog(257).files.get("tile/entries/000") ?? new Uint8Array(0));
    expect(bundle).toEqual({ ok: true, entries: Array.from({ length: 256 }, (_, i) => sampleEntry(i)) });
  });

  it.each([0, 1, 255, 256, 511, 700])("goes on after %d entries as if it had never stopped", (stop) => {
    const whole = sampleLog(900);
    const first = sampleLog(stop);
    const second = LogWriter.restore(nodeSha256, stop, first.read);
    expect(Buffer.from(second.root()).equals(first.writer.root())).toBe(true);
    const written = new Map<string, Uint8Array>();
    for (let i = stop; i < 900; i += 1)
      for (const { path, bytes } of second.add(sampleEntry(i))) written.set(path, bytes);
    for (const { path, bytes } of second.partials()) written.set(path, bytes);
    expect(written.size).toBeGreaterThan(0);
    for (const [path, bytes] of written)
      expect(Buffer.from(bytes).equals(whole.files.get(path) ?? new Uint8Array(0)), path).toBe(true);
    expect(second.size).toBe(900);
  });

  it.each([0, 1, 255, 256, 300])("is forked after %d entries: each goes its own way, and both as if alone", (size) => {
    const { writer } = sampleLog(size);
    const root = Buffer.from(writer.root());
    const fork = writer.fork();
    const files = Array.from({ length: 600 }, (_, i) => fork.add(sampleEntry(size + i))).flat();
    const whole = sampleLog(size + 600);
    expect(Buffer.from(fork.root()).equals(whole.writer.root())).toBe(true);
    for (const { path, bytes } of [...files, ...fork.partials()])
      expect(Buffer.from(bytes).equals(whole.files.get(path) ?? new Uint8Array(0)), path).toBe(true);
    expect([writer.size, root.equals(writer.root())]).toEqual([size, true]);
  });

  it("refuses to go on from a bundle that is missing, unreadable or not that of the tile, by name", () => {
    const restore = (bytes: Uint8Array | null): (() => LogWriter) => {
      const log = sampleLog(300);
      if (bytes === null) log.files.delete("tile/entries/001.p/44");
      else log.files.set("tile/entries/001.p/44", bytes);
      return () => LogWriter.restore(nodeSha256, 300, log.read);
    };
    expect(restore(null)).toThrow(/`tile\/entries\/001\.p\/44` is missing/);
    expect(restore(Uint8Array.of(1))).toThrow(/cannot be read/);
    expect(restore(new Uint8Array(0))).toThrow(/cannot be read/);
    const changed = Buffer.from(sampleLog(300).files.get("tile/entries/001.p/44") ?? []);
    changed[100] = (changed[100] ?? 0) ^ 1;
    expect(restore(changed)).toThrow(/does not fit its hashes/);
  });

  it("refuses an entry over 65,535 bytes and stays as it was", () => {
    const log = memoryLog();
    log.add(sampleEntry(0));
    expect(() => {
      log.add(new Uint8Array(65_536));
    }).toThrow(/65535/);
    expect(log.writer.size).toBe(1);
    log.add(sampleEntry(1));
    expect(log.writer.partials().map(({ path }) => path)).toEqual(["tile/entries/000.p/2", "tile/0/000.p/2"]);
  });
});
