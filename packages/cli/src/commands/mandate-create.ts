import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { AppError, type DeviceId, type MandateId, newId } from "@countersign/core";
import { generateSigningKey, signKeyProof, type SigningKey } from "@countersign/credentials";
import type { Cli } from "../cli.ts";
import type { Client } from "../client/api.ts";
import { withClient } from "../client/client.ts";
import { textAt } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { REACH } from "../command/flags.ts";
import { held } from "../command/held.ts";
import { UsageError } from "../command/usage-error.ts";
import { writeWorkloadFile } from "../mandate/workload.ts";
import { parseDuration } from "../output/durations.ts";
import { parseGrants } from "./grant-text.ts";

const NAME = "mandate create";

/** `countersign mandate create`: proposes unattended work; it is allowed once a human has signed its bounds. */
export const mandateCreate: Command = command({
  name: NAME,
  summary: "Allow unattended work of an agent: held until a human signs its bounds and its end",
  flags: {
    agent: { kind: "text", value: "AGENT", about: "who works: id or name", required: true },
    purpose: { kind: "text", value: "TEXT", about: "what the work is for", required: true },
    trigger: { kind: "text", value: "TEXT", about: "when it runs, in words: shown to the signer", required: true },
    grant: { kind: "texts", value: "ACTION@RESOURCE", about: "narrower than what the agent may do, may be repeated" },
    "tasks-per-day": {
      kind: "text",
      value: "N",
      about: "how often a day (UTC) it may start, at most 1440 (default 1)",
    },
    expires: { kind: "text", value: "30d", about: "its end, at most 90 days ahead", required: true },
    "workload-file": {
      kind: "text",
      value: "FILE",
      about: "for another machine, such as a CI runner: writes the one secret that it needs",
    },
    ...REACH,
  },
  examples: [
    {
      line: `${NAME} --agent nightly --purpose "count the records" --trigger "cron, 03:00" --expires 30d`,
      does: "once a day, on this machine",
    },
    {
      line: `${NAME} --agent ci --purpose "checks of each push" --trigger "CI" --tasks-per-day 100 --expires 30d --workload-file ci.workload`,
      does: "on a CI runner, which gets ci.workload as a secret file",
    },
  ],
  run: async (values, cli) => {
    const grants = parseGrants(values.grant, NAME);
    const seconds = parseDuration(values.expires);
    if (seconds === null) throw new UsageError(`\`${values.expires}\` is no time span like \`30d\``, NAME);
    const perDay = values["tasks-per-day"] ?? "1";
    if (!/^[1-9]\d{0,3}$/.test(perDay)) throw new UsageError(`\`${perDay}\` is no number from 1 to 1440`, NAME);
    const file = values["workload-file"] === undefined ? null : resolve(cli.env.cwd, values["workload-file"]);
    if (file !== null && existsSync(file)) throw new UsageError(`\`${file}\` is there already`, NAME);
    return await withClient(values, cli, async (client) => {
      const machine = file === null ? null : await newMachine(file, values.agent, { client, cli });
      const answer = await client.json({
        as: "session",
        path: "/v1/mandates",
        body: {
          agent: values.agent,
          purpose: values.purpose,
          trigger: values.trigger,
          ...(grants.length === 0 ? {} : { grants }),
          tasksPerDay: Number(perDay),
          expiresAt: new Date(cli.now() + seconds * 1000).toISOString(),
          ...(machine === null ? {} : { workload: machine.workload }),
        },
      });
      const mandate = textAt(answer, "id") as MandateId;
      if (machine !== null && file !== null)
        writeWorkloadFile(file, { ...machine, mandate, server: await client.server() });
      const use = `countersign mcp SERVER --agent ${values.agent} --mandate ${file ?? mandate}`;
      const code = held(
        cli,
        { ...answer, use, ...(file === null ? {} : { workloadFile: file }) },
        `mandate ${mandate}`,
      );
      if (!cli.out.json) cli.stdout.write(`then  ${use}\n`);
      return code;
    });
  },
});

interface Machine {
  readonly device: DeviceId;
  readonly name: string;
  readonly key: SigningKey;
  readonly workload: { readonly device: DeviceId; readonly name: string; readonly proof: string };
}

/** A device for the machine that will hold the file: enrolled by the signature of the mandate. */
async function newMachine(
  file: string,
  agent: string,
  { client, cli }: { readonly client: Client; readonly cli: Cli },
): Promise<Machine> {
  const key = generateSigningKey();
  const device = newId("dev", cli.now(), cli.random);
  const name = basename(file).slice(0, 64);
  if (name === "") throw new AppError("config.invalid", { detail: `\`${file}\` is no file name` });
  const audience = await client.server();
  const proof = signKeyProof(key, { purpose: "workload", audience, nonce: agent, now: cli.now() });
  return { device, name, key, workload: { device, name, proof } };
}
