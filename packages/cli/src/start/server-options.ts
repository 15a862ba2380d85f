import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Cli } from "../cli.ts";
import { findPlaces, parseServer } from "../client/places.ts";
import { UsageError } from "../command/usage-error.ts";
import type { ControlPlaneOptions } from "../control-plane.ts";

/** What a command that starts a control plane can be told. */
export const SERVER_FLAGS = {
  data: { kind: "text", value: "DIR", about: "database, ledger, control socket (else COUNTERSIGN_DATA)" },
  config: { kind: "text", value: "FILE", about: "configuration (else DIR/countersign.yaml)" },
  url: { kind: "text", value: "URL", about: "the address that people use: origin of the passkeys" },
  "tls-cert": { kind: "text", value: "FILE", about: "certificate chain, to listen beyond this machine" },
  "tls-key": { kind: "text", value: "FILE", about: "its key" },
  "behind-proxy": { kind: "switch", about: "TLS is ended by a proxy in front" },
} as const;

export interface ServerValues {
  readonly data: string | undefined;
  readonly config: string | undefined;
  readonly url: string | undefined;
  readonly "tls-cert": string | undefined;
  readonly "tls-key": string | undefined;
  readonly "behind-proxy": boolean;
}

/** @throws UsageError when they do not go together */
export function serverOptions(command: string, values: ServerValues, { env }: Cli): ControlPlaneOptions {
  checkTogether(command, values);
  const { data, config, url, "tls-cert": cert, "tls-key": key, "behind-proxy": behindProxy } = values;
  const at = (path: string): string => resolve(env.cwd, path);
  const dataDir = data === undefined ? findPlaces({}, env).dataDir : at(data);
  const usual = join(dataDir, "countersign.yaml");
  const configFile = config === undefined ? (existsSync(usual) ? usual : null) : at(config);
  const tls = cert === undefined || key === undefined ? null : { cert: at(cert), key: at(key) };
  return { dataDir, configFile, url: url ?? null, tls, behindProxy, env, buildConsole: true };
}

function checkTogether(
  command: string,
  { url, "tls-cert": cert, "tls-key": key, "behind-proxy": behindProxy }: ServerValues,
): void {
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError("`--tls-cert` and `--tls-key` go together", command);
  if (cert !== undefined && behindProxy)
    throw new UsageError("either `--tls-cert` or `--behind-proxy`, not both", command);
  if (url !== undefined && parseServer(url) === null) {
    throw new UsageError(`\`${url}\` is not an address of the form \`https://host:port\``, command);
  }
}

/** Resolves when the process is asked to end. */
export async function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
