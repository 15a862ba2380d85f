import { graver } from "@countersign/core";
import { type OptionTable, parseOptions } from "../options.ts";
import { type ShellWord, anything, plain } from "../shell-word.ts";
import { isHarmlessEnvironment } from "../variables.ts";
import { type CommandContext, type Judge, touching, unknown, verdict } from "../verdict.ts";

/** A program that runs the command behind its own options and `own` operands. */
function wrapper(name: string, table: OptionTable, own: RegExp | null = null): Judge {
  return (words, context) => {
    const parsed = parseOptions(words, { ...table, untilOperand: true });
    if (!parsed.ok) return unknown(`\`${name}\`: ${parsed.reason}`);
    const [first, ...rest] = parsed.operands;
    if (own !== null && (first?.kind !== "plain" || !own.test(first.value)))
      return unknown(`\`${name}\` is used in a way that is not known`);
    const inner = own === null ? parsed.operands : rest;
    return inner.length === 0 ? unknown(`\`${name}\` runs nothing that is named`) : runs(inner, context);
  };
}

function runs(words: readonly ShellWord[], context: CommandContext): ReturnType<Judge> {
  return verdict(context.run(words, context.folders), "runs the command behind it");
}

const env: Judge = (words, context) => {
  const parsed = parseOptions(words, { flags: "-i -0 --ignore-environment --null", untilOperand: true });
  if (!parsed.ok) return unknown(`\`env\`: ${parsed.reason}`);
  let rest = parsed.operands;
  for (let [word] = rest; word !== undefined; [word] = rest) {
    const split = word.value.indexOf("=");
    if (word.kind !== "plain") return unknown("`env` with words that only the shell knows");
    if (split === -1) break;
    if (!isHarmlessEnvironment(word.value.slice(0, split), word.value.slice(split + 1)))
      return unknown(`\`${word.value.slice(0, split)}\` may change what runs`);
    rest = rest.slice(1);
  }
  return rest.length === 0 ? verdict("read", "only prints") : runs(rest, context);
};

/** Another user's rights: what is behind it is shown, but never weighs less than unknown. */
const asOtherUser: Judge = (words, context) => {
  const parsed = parseOptions(words, { flags: "-n -E -H -k -S -b", takes: "-u -g", untilOperand: true });
  if (parsed.ok && parsed.operands.length > 0) context.run(parsed.operands, context.folders);
  return unknown("runs with another user's rights");
};

/** `sh -c 'text' name arguments…`; anything else reads a script. */
function shell(isPlainShell: boolean): Judge {
  return (words, context) => {
    const parsed = parseOptions(words, { flags: "-c -e -u -x -f", takes: "-o", untilOperand: true });
    if (!parsed.ok) return unknown(`a shell: ${parsed.reason}`);
    const [text] = parsed.operands;
    const options = parsed.given.every(({ name, value }) => name !== "-o" || value?.value === "pipefail");
    if (!parsed.given.some(({ name }) => name === "-c") || !options)
      return unknown("a shell runs a script that is not shown");
    if (text?.kind !== "plain") return unknown("a shell runs text that is only known to the shell");
    context.runText(text.value, isPlainShell);
    return verdict("read", "runs the text behind it");
  };
}

/** Words from its input come behind the command's own: they may be options, or any file. */
const xargs: Judge = (words, context) => {
  const parsed = parseOptions(words, {
    flags: "-0 -r -t -x --null --no-run-if-empty --verbose",
    takes: "-n -P -L -s -d --max-args --max-procs --delimiter",
    untilOperand: true,
  });
  if (!parsed.ok) return unknown(`\`xargs\`: ${parsed.reason}`);
  const command = parsed.operands.length === 0 ? [plain("echo")] : parsed.operands;
  const more = anything("…");
  return verdict(
    context.run([...command, more], context.folders),
    "runs the command behind it with words from its input",
  );
};

const nohup: Judge = (words, context) => {
  const inner = wrapper("nohup", {})(words, context);
  const output = touching(inner, [{ words: [plain("nohup.out")], effect: "write" }], context);
  return { ...output, effect: graver(inner.effect, output.effect) };
};

const busybox: Judge = (words, context) => (words.length === 0 ? verdict("read", "only prints") : runs(words, context));

const sh = shell(true);
const bash = shell(false);

/** Programs that run the command which they are given. */
export const WRAPPERS: Readonly<Record<string, Judge>> = {
  env,
  sudo: asOtherUser,
  doas: asOtherUser,
  sh,
  dash: sh,
  ash: sh,
  bash,
  zsh: bash,
  xargs,
  nohup,
  busybox,
  nice: wrapper("nice", { takes: "-n --adjustment", numeric: true }),
  ionice: wrapper("ionice", { takes: "-c -n", flags: "-t" }),
  setsid: wrapper("setsid", { flags: "-c -f -w" }),
  stdbuf: wrapper("stdbuf", { takes: "-i -o -e --input --output --error" }),
  time: wrapper("time", { flags: "-p -v" }),
  timeout: wrapper(
    "timeout",
    { flags: "-v --foreground --preserve-status", takes: "-s -k --signal --kill-after" },
    /^\d+(?:\.\d+)?[smhd]?$/,
  ),
  caffeinate: wrapper("caffeinate", { flags: "-d -i -m -s" }),
};
