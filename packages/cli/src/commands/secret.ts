import type { JsonObject } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { withClient } from "../client/client.ts";
import { shown, textAt } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { held } from "../command/held.ts";
import { UsageError } from "../command/usage-error.ts";
import { visible } from "../output/visible-text.ts";
import { passwordOf } from "../upstreams/known-database.ts";

/** `countersign secret rotate-master`: on the machine of a server, by the user that it runs as. */
export const secretRotateMaster: Command = command({
  name: "secret rotate-master",
  summary: "Replace the master key: everything that it wraps is wrapped by a new one",
  flags: { data: REACH.data },
  examples: [
    { line: "secret rotate-master", does: "the server that runs here makes a new master key and puts it to use" },
  ],
  run: async (values, cli) =>
    await withClient({ ...values, server: undefined }, cli, async (client) => {
      const answer = await client.json({ as: "local", path: "/v1/master-key/rotate", body: {} });
      cli.out.answer(answer, () => said(answer));
      return EXIT.ok;
    }),
});

function said(answer: JsonObject): string[] {
  const file = visible(textAt(answer, "file"));
  if (answer["state"] === "prepared")
    return [
      `a new master key is in ${file}, beside the one in use; nothing is wrapped by it yet`,
      "copy that file to every server of this installation, then run the same again on one of them",
    ];
  return [
    `${shown(answer["rewrapped"])} keys are wrapped by the new master key in ${file}`,
    "back that file up now, apart from the data; the former key opens only former backups",
  ];
}

const REPLACE = "secret replace";

/** `countersign secret replace`: the new value is sealed at once, and used when an administrator has signed. */
export const secretReplace: Command = command({
  name: REPLACE,
  summary: "Give an upstream another password, token or variable (an administrator signs)",
  flags: {
    upstream: { kind: "operand", about: "its name; see `countersign upstream list`" },
    "password-from-env": { kind: "text", value: "NAME", about: "the variable with the new password of a database" },
    "password-from-file": { kind: "text", value: "FILE", about: "the file with it" },
    "bearer-env": { kind: "text", value: "NAME", about: "the variable that holds the new token" },
    env: { kind: "texts", value: "NAME", about: "a variable that the program needs, as it is here now" },
    ...REACH,
  },
  examples: [{ line: `${REPLACE} billing --password-from-file /run/secrets/billing`, does: "a new password" }],
  run: async (values, cli) => {
    const password = await passwordOf(values, cli, REPLACE);
    const variable = (name: string): string => {
      const value = cli.env.variables[name] ?? "";
      if (value !== "") return value;
      throw new UsageError(`the variable \`${name}\` is not set here`, REPLACE);
    };
    const token = values["bearer-env"];
    const body = {
      ...(password === undefined ? {} : { password }),
      ...(token === undefined ? {} : { bearer: variable(token) }),
      ...(values.env.length === 0 ? {} : { env: Object.fromEntries(values.env.map((name) => [name, variable(name)])) }),
    };
    if (Object.keys(body).length === 0) throw new UsageError("say where the new value is", REPLACE);
    return await propose({ ...values, body }, cli);
  },
});

async function propose(
  {
    upstream,
    body,
    ...reach
  }: {
    readonly upstream: string;
    readonly body: JsonObject;
    readonly server: string | undefined;
    readonly data: string | undefined;
  },
  cli: Cli,
): ReturnType<Command["run"]> {
  return await withClient(reach, cli, async (client) => {
    const path = `/v1/upstreams/${encodeURIComponent(upstream)}/secrets`;
    return held(cli, await client.json({ as: "near", path, body }), `a secret of \`${upstream}\``);
  });
}
