import { AppError, type JsonObject } from "@countersign/core";
import type { Cli } from "../cli.ts";
import type { Client } from "../client/api.ts";
import { withClient } from "../client/client.ts";
import { listAt, shown } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { hookStandings } from "../hooks/settings/hook-standing.ts";
import { visible } from "../output/visible-text.ts";
import { checkOffline, type OfflineCheck } from "../start/offline-checks.ts";

/** `countersign doctor`: asks the running control plane, else looks at its data directory from outside. Exit 1 when a check fails; a warning is none. */
export const doctor: Command = command({
  name: "doctor",
  summary: "Check the installation: what is wrong, where, and what to do",
  flags: REACH,
  examples: [
    { line: "doctor", does: "on the machine of the control plane" },
    { line: "doctor --data .countersign", does: "also when it does not start: the data directory is looked at" },
  ],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const running = await askRunning(client);
      const installation = running ?? (await checkOffline(client.places.dataDir));
      const checks = [...installation, ...hookStandings(cli.env)].map((check) => ({ level: levelOf(check), ...check }));
      const failed = checks.filter(({ ok }) => !ok).length;
      cli.out.answer({ running: running !== null, dataDir: client.places.dataDir, ok: failed === 0, checks }, () =>
        page(checks, cli),
      );
      return failed === 0 ? EXIT.ok : EXIT.failed;
    }),
});

/** The checks of a running control plane; null when none runs here. */
async function askRunning(client: Client): Promise<readonly OfflineCheck[] | null> {
  try {
    return listAt(await client.json({ as: "local", path: "/v1/doctor" }), "checks").map(checkOf);
  } catch (error) {
    if (error instanceof AppError && error.code === "server.unreachable") return null;
    throw error;
  }
}

function checkOf(check: JsonObject): OfflineCheck {
  const { name, ok, detail, next, level } = check;
  return {
    name: shown(name),
    ok: ok === true,
    ...(ok === true && level === "warning" ? { level } : {}),
    detail: shown(detail),
    ...(typeof next === "string" ? { next } : {}),
  };
}

/** What is not said to be a warning passed or failed. */
function levelOf({ ok, level }: Pick<OfflineCheck, "ok" | "level">): NonNullable<OfflineCheck["level"]> {
  return level ?? (ok ? "ok" : "failed");
}

function page(checks: readonly OfflineCheck[], { out: { paint } }: Cli): string[] {
  const widest = Math.max(...checks.map(({ name }) => name.length));
  const marks = { ok: paint.good("ok"), warning: paint.warn(" !"), failed: paint.bad("!!") };
  return checks.flatMap(({ name, detail, next, ...check }) => [
    `  ${marks[levelOf(check)]}  ${visible(name).padEnd(widest)}  ${visible(detail)}`,
    ...(levelOf(check) === "ok" || next === undefined ? [] : [`${" ".repeat(widest + 8)}next: ${visible(next)}`]),
  ]);
}
