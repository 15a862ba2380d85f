import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

export interface Manifest {
  /** Folder of the manifest as the lockfile names it: `""` for the root, `packages/core`, … */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The root manifest and that of every workspace package. */
export function readManifests(root: string): readonly Manifest[] {
  const packages = readdirSync(join(root, "packages")).map((name) => `packages/${name}`);
  return ["", ...packages].map((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Partial<Manifest>;
    return {
      name: "",
      version: "",
      dependencies: {},
      devDependencies: {},
      optionalDependencies: {},
      ...manifest,
      folder,
    };
  });
}

/** The lockfile's rows, by folder. */
export function readLock(root: string): ReadonlyMap<string, LockedPackage> {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };
  return new Map(Object.entries(lock.packages));
}
