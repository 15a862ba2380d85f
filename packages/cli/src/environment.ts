import { homedir, hostname, userInfo } from "node:os";
import { join, resolve } from "node:path";

/** All that this process takes from its surroundings. Read once, here; everything else gets it as an argument. */
export interface Environment {
  /** User side: server address, device key, session key. `$XDG_CONFIG_HOME/countersign`. */
  readonly configDir: string;
  /** Where compiled code is kept between starts: `$XDG_CACHE_HOME/countersign`. */
  readonly cacheDir: string;
  /** `COUNTERSIGN_DATA`, or null when it is not set. */
  readonly dataDir: string | null;
  /** Where DATA is when nobody says otherwise: `$XDG_STATE_HOME/countersign`. */
  readonly defaultDataDir: string;
  /** `COUNTERSIGN_SERVER`, or null. */
  readonly server: string | null;
  readonly cwd: string;
  readonly home: string;
  readonly user: string;
  readonly host: string;
  readonly platform: NodeJS.Platform;
  /** `client address, client port, server address, server port` of an SSH session, or null. */
  readonly sshConnection: string | null;
  /** A browser can be shown here. */
  readonly hasDisplay: boolean;
  readonly noColor: boolean;
  readonly path: readonly string[];
  /** Every `COUNTERSIGN_…` variable and `DATABASE_URL`: keys of the configuration. */
  readonly configuration: Readonly<Record<string, string>>;
  /** Every variable: where upstream secrets named `fromEnv` are looked up. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Reads the environment of this process. An empty variable counts as one that is not set. */
export function readEnvironment(): Environment {
  const { env, platform } = process;
  const value = (name: string): string | null => (env[name] === undefined || env[name] === "" ? null : env[name]);
  const home = value("HOME") ?? homedir();
  const dataDir = value("COUNTERSIGN_DATA");
  return {
    variables: { ...env },
    configDir: join(value("XDG_CONFIG_HOME") ?? join(home, ".config"), "countersign"),
    cacheDir: join(value("XDG_CACHE_HOME") ?? join(home, ".cache"), "countersign"),
    dataDir: dataDir === null ? null : resolve(dataDir),
    defaultDataDir: join(value("XDG_STATE_HOME") ?? join(home, ".local", "state"), "countersign"),
    server: value("COUNTERSIGN_SERVER"),
    cwd: process.cwd(),
    home,
    user: userName(),
    host: hostname(),
    platform,
    sshConnection: value("SSH_CONNECTION"),
    hasDisplay: platform === "darwin" || value("DISPLAY") !== null || value("WAYLAND_DISPLAY") !== null,
    noColor: value("NO_COLOR") !== null || value("TERM") === "dumb",
    path: (value("PATH") ?? "").split(":").filter((folder) => folder !== ""),
    configuration: configurationOf(env),
  };
}

function configurationOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && (name.startsWith("COUNTERSIGN_") || name === "DATABASE_URL")) out[name] = value;
  }
  return out;
}

/** A process may run under a uid that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "user");
  }
}
