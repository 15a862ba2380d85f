import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { AppError, type Json } from "@countersign/core";
import type { Cli } from "../cli.ts";
import { withClient } from "../client/client.ts";
import { listAt, shown } from "../client/fields.ts";
import { type Command, command } from "../command/command.ts";
import { EXIT } from "../command/exit-code.ts";
import { REACH } from "../command/flags.ts";
import { held } from "../command/held.ts";
import { visible } from "../output/visible-text.ts";

const LIMIT_BYTES = 1_048_576;
const FILE = { kind: "operand", about: "a Cedar policy text; `-` reads standard input" } as const;

export const policyCheck: Command = command({
  name: "policy check",
  summary: "Check a policy text: syntax, schema, annotations",
  flags: { file: FILE, ...REACH },
  examples: [{ line: "policy check rules.cedar", does: "list its problems, if any (exit 1)" }],
  run: async (values, cli) => {
    const text = await readText(cli, values.file);
    return await withClient(values, cli, async (client) => {
      const answer = await client.json({ as: "near", path: "/v1/policies/check", body: { text } });
      const ok = answer["ok"] === true;
      cli.out.answer(answer, () =>
        ok ? [`${values.file}: no problems`] : problemLines(values.file, answer["problems"]),
      );
      return ok ? EXIT.ok : EXIT.failed;
    });
  },
});

export const policyPublish: Command = command({
  name: "policy publish",
  summary: "Publish a policy text: held until an administrator signs it",
  flags: { file: FILE, ...REACH },
  examples: [{ line: "policy publish rules.cedar", does: "print the page on which it is signed (exit 4)" }],
  run: async (values, cli) => {
    const text = await readText(cli, values.file);
    return await withClient(values, cli, async (client) => {
      const answer = await client.json({ as: "near", path: "/v1/policies", body: { text } });
      return held(cli, answer, `policy \`${values.file}\``);
    });
  },
});

export const policyShow: Command = command({
  name: "policy show",
  summary: "Show the policy text in force, or the one with that id",
  flags: { policy: { kind: "operand", about: "its id (pol_…)", optional: true }, ...REACH },
  examples: [
    { line: "policy show", does: "the text in force" },
    { line: "policy show > rules.cedar", does: "the same, to be edited and published again" },
  ],
  run: async (values, cli) =>
    await withClient(values, cli, async (client) => {
      const policies = listAt(await client.json({ as: "near", path: "/v1/policies" }), "policies");
      const found = policies.findLast(({ id, status }) =>
        values.policy === undefined ? status === "active" : id === values.policy,
      );
      if (found === undefined) {
        const what =
          values.policy === undefined
            ? "no policy is in force: everything is denied"
            : `no policy \`${values.policy}\``;
        throw new AppError("request.not_found", { detail: what });
      }
      cli.out.answer(found, () => visibleText(shown(found["text"])));
      return EXIT.ok;
    }),
});

async function readText(cli: Cli, file: string): Promise<string> {
  if (file !== "-") return readPolicyFile(resolve(cli.env.cwd, file), file);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of cli.stdin as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(chunk as string);
    size += bytes.length;
    if (size > LIMIT_BYTES) throw tooLarge("standard input");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function readPolicyFile(path: string, named: string): string {
  try {
    const bytes = readFileSync(path);
    if (bytes.length > LIMIT_BYTES) throw tooLarge(named);
    return bytes.toString("utf8");
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    throw new AppError("request.not_found", { detail: `\`${named}\` cannot be read (${code})`, cause: error });
  }
}

function tooLarge(what: string): AppError {
  return new AppError("input.too_large", { detail: `\`${what}\` is larger than ${String(LIMIT_BYTES)} bytes` });
}

function problemLines(file: string, problems: Json | undefined): string[] {
  const list = Array.isArray(problems) ? (problems as readonly Json[]) : [];
  return list.map((problem) => `${file}: ${visible(shown(problem))}`);
}

/** Line breaks and tabs are part of the text; other control characters are spelled out. */
function visibleText(text: string): string[] {
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => line.split("\t").map(visible).join("\t"));
}
