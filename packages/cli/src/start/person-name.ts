import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Environment } from "../environment.ts";

const run = promisify(execFile);
const MOST = 80;

/** What the person at this machine is called, as git or the system's account says; else the account's own name. Never rejects. */
export async function personName({ user, variables }: Pick<Environment, "user" | "variables">): Promise<string> {
  const named = (await gitName(variables)) ?? (await accountName(user)) ?? user;
  return named.slice(0, MOST);
}

async function gitName(variables: Environment["variables"]): Promise<string | null> {
  try {
    const { stdout } = await run("git", ["config", "--global", "--get", "user.name"], {
      timeout: 2000,
      maxBuffer: 4096,
      env: variables,
    });
    return plain(stdout);
  } catch {
    return null;
  }
}

/** The first field of GECOS (passwd(5)) of that account. */
async function accountName(user: string): Promise<string | null> {
  try {
    const lines = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
    const [name = ""] = lines.find(([account]) => account === user)?.[4]?.split(",") ?? [];
    return name === user ? null : plain(name);
  } catch {
    return null;
  }
}

function plain(text: string): string | null {
  const name = text.replaceAll(/\p{C}/gu, "").trim();
  return name === "" ? null : name;
}
