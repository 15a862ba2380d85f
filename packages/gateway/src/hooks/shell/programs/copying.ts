import type { Effect } from "@countersign/core";
import { type OptionTable, parseOptions } from "../options.ts";
import { type Folders, inFolder, pathsOf } from "../files.ts";
import { type ShellWord, plain } from "../shell-word.ts";
import { type CommandContext, type Judge, type Touched, type Verdict, touching, unknown, verdict } from "../verdict.ts";
import { landing } from "./landing.ts";

interface Copier extends OptionTable {
  readonly does: string;
  readonly source: Effect;
  /** What it does to its destination, which may exist; with one of `careful` it leaves what exists alone. */
  readonly careful?: string;
  readonly recurses?: string | true;
  /** The sources are gone afterwards. */
  readonly removes?: boolean;
}

const given = (options: string | true | undefined, names: readonly string[]): boolean =>
  options === true || names.some((name) => ` ${options ?? ""} `.includes(` ${name} `));

/** Programs with sources and one destination, which is overwritten if it exists, or filled if it is a folder. */
function copier(name: string, table: Copier): Judge {
  return (words, context) => {
    const parsed = parseOptions(words, { ...table, takes: `${table.takes ?? ""} -t --target-directory` });
    if (!parsed.ok) return unknown(`\`${name}\`: ${parsed.reason}`);
    const names = parsed.given.map((option) => option.name);
    const into = parsed.given
      .filter((option) => option.name === "-t" || option.name === "--target-directory")
      .map(({ value }) => value);
    const targets = into.length > 0 ? into : parsed.operands.slice(-1);
    const sources = into.length > 0 ? parsed.operands : parsed.operands.slice(0, -1);
    if (sources.length === 0) return unknown(`\`${name}\` without a destination`);
    const recurses = given(table.recurses, names);
    const effect = given(table.careful, names) && !recurses ? "write" : "destructive";
    const touched: readonly Touched[] = [
      { words: sources, effect: table.source, recurses, removes: table.removes ?? false },
      // A destination that is a folder takes the sources under their own names.
      { words: targets.filter((word): word is ShellWord => word !== null), effect, recurses: true },
    ];
    const steering = landing(sources, targets, context);
    if (steering !== null) return unknown(`\`${name}\`: \`${steering}\` may steer what later commands do`);
    return touching(verdict(effect, table.does), touched, context);
  };
}

/** A link makes its target writable under another name, so both ends count. */
const ln: Judge = (words, context) => {
  const parsed = parseOptions(words, {
    flags: "-s -v -n -r -f --symbolic --verbose --no-dereference --relative --force",
  });
  if (!parsed.ok) return unknown(`\`ln\`: ${parsed.reason}`);
  // A link from outside would give what lies there a name that no rule knows.
  if (!parsed.operands.every((word) => liesWithin(word, context.folders)))
    return unknown("`ln` to a place outside of the folder");
  const forced = parsed.given.some(({ name }) => name === "-f" || name === "--force");
  const effect = forced ? "destructive" : "write";
  return touching(
    verdict(effect, "makes a second name for a file"),
    [{ words: parsed.operands, effect, recurses: true }],
    context,
  );
};

function liesWithin(word: ShellWord, folders: Folders): boolean {
  const paths = word.kind === "plain" ? pathsOf(word, folders) : null;
  return (
    paths?.ok === true && paths.names.every((path) => folders?.some((folder) => path.startsWith(inFolder(folder, ""))))
  );
}

const DD_WORD = /^(?:(?:bs|ibs|obs|count|skip|seek|iseek|oseek|cbs|status|conv|iflag|oflag)=[\w,.]+|(?:if|of)=(.+))$/s;

const dd: Judge = (words, context) => {
  if (!words.every(({ kind, value }) => kind === "plain" && DD_WORD.test(value)))
    return unknown("`dd` with words that are not known");
  const file = (prefix: string): readonly ShellWord[] =>
    words
      .filter(({ value }) => value.startsWith(prefix))
      .map((word) => ({ ...word, value: word.value.slice(prefix.length) }));
  const output = file("of=");
  const touched: readonly Touched[] = [
    { words: file("if="), effect: "read" },
    { words: output, effect: "destructive" },
  ];
  return touching(verdict(output.length > 0 ? "destructive" : "read", "copies blocks"), touched, context);
};

/** Makes a file or folder with a new name where temporary ones lie. */
const mktemp: Judge = (words) => {
  const parsed = parseOptions(words, { flags: "-d -q --directory --quiet" });
  if (!parsed.ok || parsed.operands.length > 0) return unknown("`mktemp` with a name or a folder of its own");
  return { ...verdict("write", "makes a temporary file"), resources: [{ resource: "file:/tmp/**", effect: "write" }] };
};

const TAR: OptionTable = {
  flags:
    "-c -t -x -v -z -j -J -p -k -m -O --create --list --extract --get --verbose --gzip --bzip2 --xz --zstd --to-stdout --keep-old-files --no-same-owner --no-same-permissions --numeric-owner --no-recursion -h",
  takes: "-f -C --file --directory --exclude --strip-components",
};

/** Packs, lists or unpacks. Every option that runs a program is left out of its table. */
const tar: Judge = (words, context) => {
  const parsed = parseOptions(withDash(words), TAR);
  if (!parsed.ok) return unknown(`\`tar\`: ${parsed.reason}`);
  const valuesOf = (...names: readonly string[]): readonly ShellWord[] =>
    parsed.given.flatMap(({ name, value }) => (names.includes(name) && value !== null ? [value] : []));
  const has = (...names: readonly string[]): boolean => parsed.given.some(({ name }) => names.includes(name));
  const archives = valuesOf("-f", "--file").filter(({ value }) => value !== "-");
  const folders = valuesOf("-C", "--directory");
  const packs = has("-c", "--create");
  const lists = has("-t", "--list");
  const acts = [packs, lists, has("-x", "--extract", "--get")].filter(Boolean).length;
  if (acts !== 1 || folders.length > 1) return unknown("`tar` is used in a way that is not known");
  // `host:file` is fetched by another program.
  if (archives.some(({ value }) => value.includes(":"))) return unknown("`tar` with an archive on another machine");
  if (packs)
    return folders.length > 0
      ? unknown("`tar` packs from another folder")
      : packing(archives, parsed.operands, context);
  const reads: Touched = { words: archives, effect: "read" };
  if (lists || has("-O", "--to-stdout")) return touching(verdict("read", "only reads"), [reads], context);
  return touching(
    verdict("destructive", "unpacks over what is there"),
    [reads, { words: folders.length > 0 ? folders : [plain(".")], effect: "destructive", recurses: true }],
    context,
  );
};

/** `tar xf` is the old form of `tar -xf`. */
function withDash([first, ...more]: readonly ShellWord[]): readonly ShellWord[] {
  if (first === undefined) return [];
  const isOld = first.kind === "plain" && /^[ctxvzjJpkmO]*f?$/.test(first.value);
  return [isOld ? { ...first, value: `-${first.value}` } : first, ...more];
}

function packing(archives: readonly ShellWord[], packed: readonly ShellWord[], context: CommandContext): Verdict {
  return touching(
    verdict("destructive", "overwrites an archive"),
    [
      { words: archives, effect: "destructive" },
      { words: packed, effect: "read", recurses: true },
    ],
    context,
  );
}

const unzip: Judge = (words, context) => {
  const parsed = parseOptions(words, { flags: "-l -t -p -Z -o -n -q -j -v -u", takes: "-d -x" });
  if (!parsed.ok) return unknown(`\`unzip\`: ${parsed.reason}`);
  const [archive, ...members] = parsed.operands;
  const folder = parsed.given.find(({ name }) => name === "-d")?.value ?? plain(".");
  if (archive === undefined || members.some(({ kind }) => kind === "dynamic"))
    return unknown("`unzip` of what only the shell knows");
  const reads: Touched = { words: [archive], effect: "read" };
  if (parsed.given.some(({ name }) => /^-[ltpZv]$/.test(name)))
    return touching(verdict("read", "only reads"), [reads], context);
  return touching(
    verdict("destructive", "unpacks over what is there"),
    [reads, { words: [folder], effect: "destructive", recurses: true }],
    context,
  );
};

/** `[user@]host:path` lies elsewhere; what is local is a file. */
function remoteCopier(name: string, table: OptionTable): Judge {
  return (words, context) => {
    const parsed = parseOptions(words, table);
    if (!parsed.ok) return unknown(`\`${name}\`: ${parsed.reason}`);
    if (parsed.operands.length < 2 || parsed.operands.some(({ kind }) => kind === "dynamic"))
      return unknown(`\`${name}\` of what only the shell knows`);
    const isLocal = ({ value }: ShellWord): boolean => !/^[^/]*:/.test(value);
    if (parsed.operands.some((word) => !isLocal(word) && !/^(?:[\w.-]+@)?[\w.-]+:[\w./~-]*$/.test(word.value)))
      return unknown(`\`${name}\` to a place that is not known`);
    const touched: readonly Touched[] = [
      { words: parsed.operands.slice(0, -1).filter(isLocal), effect: "read", recurses: true },
      { words: parsed.operands.slice(-1).filter(isLocal), effect: "destructive", recurses: true },
    ];
    return touching(verdict("destructive", "copies over what is there"), touched, context);
  };
}

/** Programs that copy, move, pack and unpack. */
export const COPYING: Readonly<Record<string, Judge>> = {
  cp: copier("cp", {
    does: "copies over what is there",
    source: "read",
    careful: "-n --no-clobber",
    recurses: "-r -R -a --recursive --archive",
    flags:
      "-a -f -i -L -n -p -P -r -R -T -u -v -x --archive --force --interactive --no-clobber --recursive --update --verbose --preserve --no-target-directory -d",
  }),
  mv: copier("mv", {
    does: "moves over what is there",
    source: "destructive",
    removes: true,
    careful: "-n --no-clobber",
    recurses: true,
    flags: "-f -i -n -T -u -v --force --interactive --no-clobber --verbose --no-target-directory",
  }),
  install: copier("install", {
    does: "copies over what is there",
    source: "read",
    flags: "-p -v -D",
    takes: "-m -o -g",
  }),
  ln,
  dd,
  mktemp,
  tar,
  unzip,
  scp: remoteCopier("scp", { flags: "-r -p -q -C -v -B", takes: "-P -l" }),
  rsync: remoteCopier("rsync", {
    flags:
      "-a -v -r -l -p -t -g -o -D -z -n -u -h -P -q -c -x -H --archive --verbose --recursive --compress --dry-run --update --progress --delete --stats --human-readable --checksum",
    takes: "--exclude --include --bwlimit --max-size",
  }),
};
