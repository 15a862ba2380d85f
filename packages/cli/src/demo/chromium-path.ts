import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { arch, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { AppError } from "@countersign/core";

export interface ChromiumPath {
  readonly executablePath: string;
  /** Variables that this Chromium needs beside the inherited ones. */
  readonly env: Readonly<Record<string, string>>;
  readonly source: "environment" | "system" | "package";
}

const SYSTEM = "/usr/bin/chromium";
const PACKAGE_ENTRY = fileURLToPath(import.meta.resolve("@sparticuz/chromium"));

/**
 * Where a Chromium is: `COUNTERSIGN_CHROMIUM`, else Debian's, else the one in the npm package `@sparticuz/chromium`, which is
 * unpacked once per version into `node_modules/.cache`. Several processes may ask at the same time.
 */
export async function chromiumPath(env: NodeJS.ProcessEnv): Promise<ChromiumPath> {
  const named = env["COUNTERSIGN_CHROMIUM"];
  if (named !== undefined && named !== "") {
    if (!existsSync(named))
      throw new AppError("config.invalid", { detail: `COUNTERSIGN_CHROMIUM names \`${named}\`, which does not exist` });
    return { executablePath: named, env: {}, source: "environment" };
  }
  if (existsSync(SYSTEM)) return { executablePath: SYSTEM, env: {}, source: "system" };
  const folder = await unpacked(env["PATH"]);
  return {
    executablePath: join(folder, "chromium"),
    env: { LD_LIBRARY_PATH: join(folder, "al2023", "lib"), FONTCONFIG_FILE: join(folder, "fonts.conf") },
    source: "package",
  };
}

async function unpacked(path: string | undefined): Promise<string> {
  const packageFolder = dirname(dirname(dirname(PACKAGE_ENTRY)));
  const { version } = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8")) as { version: string };
  const cache = join(dirname(dirname(packageFolder)), ".cache", "countersign");
  const folder = join(cache, `chromium-${version}-${arch()}`);
  if (existsSync(join(folder, "complete"))) return folder;
  const parent = await mkdir(cache, { recursive: true }).then(
    () => cache,
    () => tmpdir(),
  );
  const staging = await mkdtemp(join(parent, "unpacking-"));
  await unpackInto(staging, { final: parent === cache ? folder : staging, path });
  if (parent !== cache) return staging;
  // A rename is atomic: another process sees the whole folder or none. Whoever comes second throws its copy away.
  await rename(staging, folder).catch(() => rm(staging, { recursive: true, force: true }));
  return folder;
}

/** The package unpacks into `TMPDIR`, its NSS libraries only when it believes to run in AWS Lambda: so a child process believes it. */
async function unpackInto(
  staging: string,
  { final, path }: { final: string; path: string | undefined },
): Promise<void> {
  const script = `import(${JSON.stringify(PACKAGE_ENTRY)}).then((chromium) => chromium.default.executablePath())`;
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
    env: { PATH: path, HOME: staging, TMPDIR: staging, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x" },
    timeout: 120_000,
  });
  await writeFile(join(staging, "fonts.conf"), fontConfiguration(final));
  await writeFile(join(staging, "complete"), "");
}

function fontConfiguration(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>${join(folder, "fonts", "fonts")}</dir>
  <cachedir>${join(folder, "fonts-cache")}</cachedir>
</fontconfig>
`;
}
