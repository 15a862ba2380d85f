import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hookSettings } from "../hooks/settings/hook-settings.ts";
import { CLIENTS, clientOf } from "./clients/index.ts";
import type { Surroundings } from "./clients/client.ts";
import { type EditPlace, type EditPlan, showPlan, undoEdits, writePlans } from "./edit/index.ts";
import { planConnect } from "./plan-connect.ts";
import { type ClientReading, placeOf, readClient } from "./read-client.ts";
import { refusalIn } from "./testing/refusal-in.ts";
import { SAMPLES, SECRET, type Sample } from "./testing/samples.ts";

/** One of each format: the others differ in nothing that size could matter to. */
const LARGE: readonly string[] = ["claude-code", "codex", "goose"];
const LAUNCH = { launcher: "/home/somebody/.local/bin/countersign", agent: "tidy" };

describe("the configuration of", () => {
  let home: string;
  let around: Surroundings;

  beforeEach(() => {
    home = realpathSync(mkdtempSync(join(tmpdir(), "countersign-files-")));
    const cwd = join(home, "project");
    mkdirSync(cwd);
    around = { home, cwd, platform: "linux", variables: {} };
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const placeFor = (sample: Sample): EditPlace => placeOf(clientOf(sample.client), around, join(home, "state"));
  const reading = (sample: Sample): ClientReading =>
    readClient(clientOf(sample.client), around, { place: placeFor(sample) });
  const plans = (sample: Sample): readonly EditPlan[] => {
    const client = clientOf(sample.client);
    const place = placeFor(sample);
    const servers = reading(sample)
      .servers.filter(({ governed, transport }) => governed === null && transport !== null)
      .map(({ name, list }) => ({ name, list, upstream: `up-${name}` }));
    return planConnect({ client, servers, ...LAUNCH, also: hookSettings(client.id, LAUNCH, { around, place }) }, place);
  };
  const put = ({ path }: Sample, bytes: string | Buffer): string => {
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes, { mode: 0o640 });
    return file;
  };
  const everything = (): string =>
    readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(join(home, "state")))
      .map(({ parentPath, name }) => join(parentPath, name))
      .toSorted()
      .map((file) => `${file} ${statSync(file).mode.toString(8)}\n${readFileSync(file).toString("base64")}\n`)
      .join("");

  it("every client has a sample", () => {
    expect(SAMPLES.map(({ client }) => client)).toEqual(CLIENTS.map(({ id }) => id));
  });

  describe.each(SAMPLES)("$client", (sample) => {
    const marked = (text: string): string => `\uFEFF${text}`;
    const windows = (text: string): string => text.replaceAll("\n", "\r\n");
    const large = (text: string): string => {
      const comment = sample.path.endsWith(".json") ? " " : "#";
      return text + `${comment.repeat(1000)}\n`.repeat(900);
    };

    it.each<readonly [string, (text: string) => string]>([
      ["as it is", (text) => text],
      ["with a byte order mark", marked],
      ["with line ends of Windows", windows],
      ["with both", (text) => marked(windows(text))],
      ["without a last line end", (text) => text.trimEnd()],
      ...(LARGE.includes(sample.client) ? [["of a megabyte", large] as const] : []),
    ])("%s: is read, rewritten once, and given back to the byte", (_what, form) => {
      const file = put(sample, form(sample.text));
      const before = everything();
      const found = reading(sample).servers;
      expect(found.filter(({ transport }) => transport !== null).map(({ name }) => name)).toEqual(sample.open);
      expect(found.filter(({ trouble }) => trouble !== null).map(({ name }) => name)).toEqual(sample.left);

      const planned = plans(sample);
      expect(everything()).toBe(before);
      expect(JSON.stringify(planned.flatMap(showPlan))).not.toContain(SECRET);
      writePlans(planned);

      const governed = reading(sample).servers.filter((server) => server.governed !== null);
      expect(governed.map(({ name }) => name)).toEqual(sample.open);
      expect(governed.map((server) => server.governed)).toEqual(
        sample.open.map((name) => ({ ...LAUNCH, server: `up-${name}` })),
      );
      const after = readFileSync(file, "utf8");
      expect(after).not.toContain(SECRET);
      expect(after.startsWith("\uFEFF")).toBe(form(sample.text).startsWith("\uFEFF"));
      expect(/(?<!\r)\n/.test(after)).toBe(/(?<!\r)\n/.test(form(sample.text)));
      expect(statSync(file).mode & 0o777).toBe(0o640);
      expect(plans(sample).filter(({ changed }) => changed)).toEqual([]);

      expect(undoEdits(placeFor(sample)).every(({ how }) => how === "restored")).toBe(true);
      expect(everything()).toBe(before);
      expect(undoEdits(placeFor(sample))).toEqual([]);
    });

    it("gives back the meaning when somebody changed something else meanwhile", () => {
      const file = put(sample, sample.text);
      const before = reading(sample).servers.map((server) => JSON.stringify(server));
      writePlans(plans(sample));
      const note = sample.path.endsWith(".json") ? "\n" : "\n# mine\n";
      const added = sample.path.endsWith("jsonc") ? "\n// mine\n" : note;
      writeFileSync(file, readFileSync(file, "utf8") + added);
      const undone = undoEdits(placeFor(sample));
      expect(undone.find(({ path }) => path === file)).toEqual({ path: file, how: "merged", kept: [] });
      expect(reading(sample).servers.map((server) => JSON.stringify(server))).toEqual(before);
      expect(readFileSync(file, "utf8").endsWith(added)).toBe(true);
    });

    it("that is cut off anywhere is refused with the place, or means something whole; it stays as it is", () => {
      for (let length = 1; length < sample.text.length; length += 41) {
        const cut = sample.text.slice(0, length);
        const file = put(sample, cut);
        expect(refusalIn(() => plans(sample))).toMatch(/^$|^config\.invalid: .*:\d+:\d+` .*nothing was changed$/);
        expect(readFileSync(file, "utf8")).toBe(cut);
      }
    });

    it("that is read-only is refused, and stays as it is", () => {
      const file = put(sample, sample.text);
      const planned = plans(sample);
      chmodSync(file, 0o440);
      const before = everything();
      expect(refusalIn(() => writePlans(planned))).toMatch(/^config\.invalid: .*is read-only; make it writable/);
      expect(everything()).toBe(before);
    });

    it("that somebody else writes meanwhile is not overwritten", () => {
      const file = put(sample, sample.text);
      const planned = plans(sample);
      writeFileSync(file, `${sample.text} `);
      const before = everything();
      expect(refusalIn(() => writePlans(planned))).toMatch(
        /^config\.invalid: .*changed meanwhile by another program; run the command again/,
      );
      expect(everything()).toBe(before);
    });

    it("that is not UTF-8 is refused, and stays as it is", () => {
      put(sample, Buffer.concat([Buffer.from(sample.text), Buffer.from([0xff, 0xfe])]));
      const before = everything();
      expect(refusalIn(() => plans(sample))).toMatch(/^config\.invalid: .*is not UTF-8 text/);
      expect(everything()).toBe(before);
    });
  });
});
