import type { Environment } from "../environment.ts";

/**
 * The command that brings the pages of a remote machine to the person's own browser; null outside an SSH session, and where the pages
 * (the first address) have a name of their own. Both ends use the same port: the origin of the passkeys is `publicUrl`.
 */
export function tunnelLine(
  env: Pick<Environment, "sshConnection" | "user" | "host">,
  urls: readonly string[],
): string | null {
  if (env.sshConnection === null) return null;
  const known = urls.flatMap((url) => (URL.canParse(url) ? [new URL(url)] : []));
  if (known[0]?.hostname !== "localhost") return null;
  const ports = known.map(portOf);
  const serverPort = env.sshConnection.split(" ")[3];
  // The line is copied into a shell: what is no port number stays out of it.
  const way =
    serverPort === undefined || !/^\d{1,5}$/.test(serverPort) || serverPort === "22" ? "" : ` -p ${serverPort}`;
  const forwards = [...new Set(ports)].map((port) => `-L ${port}:localhost:${port}`).join(" ");
  return `ssh${way} ${forwards} ${env.user}@${env.host}`;
}

function portOf({ port, protocol }: URL): string {
  if (port !== "") return port;
  return protocol === "https:" ? "443" : "80";
}
