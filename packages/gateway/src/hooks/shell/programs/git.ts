import { type Effect, graver } from "@countersign/core";
import { type Folders, entered, pathsOf } from "../files.ts";
import { type ParsedOptions, parseOptions } from "../options.ts";
import { type ShellWord, below, plain } from "../shell-word.ts";
import { type CommandContext, type Judge, type Touched, type Verdict, touching, unknown, verdict } from "../verdict.ts";
import { landing } from "./landing.ts";
import { GIT_COMMANDS } from "./git-commands.ts";
import { webResource } from "./web-address.ts";

/** `git`: its command by table, its options before the command, and the words that make a command graver. */
export const git: Judge = (words, context) => {
  const parsed = parseOptions(words, {
    flags: "--no-pager --no-optional-locks --literal-pathspecs --version -P",
    takes: "-C",
    untilOperand: true,
  });
  if (!parsed.ok) return unknown(`\`git\`: ${parsed.reason}`);
  const [name, ...rest] = parsed.operands;
  if (name === undefined)
    return parsed.given.some((option) => option.name === "--version")
      ? verdict("read", "only prints")
      : unknown("`git` without a command");
  const folders = movedTo(parsed, context.folders);
  if (name.kind !== "plain" || folders === null) return unknown("`git` with words that only the shell knows");
  return judgeCommand(name.value, rest, { ...context, folders });
};

type Parsed = Extract<ParsedOptions, { ok: true }>;

function movedTo({ given }: Parsed, start: Folders): Folders {
  let folders = start;
  for (const { name, value } of given) {
    if (name !== "-C" || value === null) continue;
    const paths = pathsOf(value, folders);
    if (!paths.ok) return null;
    folders = paths.names.map(entered);
  }
  return folders;
}

function judgeCommand(name: string, words: readonly ShellWord[], context: CommandContext): Verdict {
  const special = SPECIAL[name];
  if (Object.hasOwn(SPECIAL, name) && special !== undefined) return special(words, context);
  const command = Object.hasOwn(GIT_COMMANDS, name) ? GIT_COMMANDS[name] : undefined;
  if (command === undefined) return unknown(`what \`git ${name}\` does is not known`);
  const parsed = parseOptions(words, command);
  if (!parsed.ok) return unknown(`\`git ${name}\`: ${parsed.reason}`);
  if (parsed.operands.some(({ kind }) => kind === "dynamic"))
    return unknown(`\`git ${name}\` of what only the shell knows`);
  if (mayOpenEditor(name, parsed))
    return unknown(`\`git ${name}\` may open an editor, which runs what is typed into it`);
  const raised = parsed.given.map((option) =>
    command.raises !== undefined && Object.hasOwn(command.raises, option.name)
      ? command.raises[option.name]
      : undefined,
  );
  const effect = raised.reduce<Effect>((so, next) => graver(so, next ?? "read"), command.effect);
  const judged = lowered(name, parsed) ? "read" : effect;
  if (judged === "external" || NAMES_REMOTE.test(name))
    return withRemote({ name, effect, does: command.does }, parsed, context);
  const base = verdict(judged, `\`git ${name}\` ${judged === "read" ? "only reads the repository" : command.does}`);
  return touching(inRepository(base, context), [elsewhere(parsed.operands, judged)], context);
}

/** Paths that begin elsewhere: `git diff` reads two such files without any repository, `git init` makes one there. */
function elsewhere(operands: readonly ShellWord[], effect: Effect): Touched {
  const words = operands.filter(({ value }) => /^\/|(?:^|\/)\.\.(?:\/|$)/.test(value));
  return { words, effect, recurses: true, removes: true };
}

/** Without a message of their own these ask for one, where somebody can type. */
const ASKS: Readonly<Record<string, RegExp>> = {
  commit: /^(?:-m|--message|--no-edit|--dry-run|--fixup)$/,
  merge: /^(?:-m|--no-edit|--squash|--no-commit|--ff-only|--abort|--quit)$/,
  revert: /^(?:-n|--no-commit|--no-edit|--abort|--quit)$/,
};

function mayOpenEditor(name: string, { given }: Parsed): boolean {
  const has = (...names: readonly string[]): boolean => given.some((option) => names.includes(option.name));
  if (name === "tag") return has("-a", "--annotate") && !has("-m", "--message");
  const says = Object.hasOwn(ASKS, name) ? ASKS[name] : undefined;
  return says !== undefined && !given.some((option) => says.test(option.name));
}

const NAMES_REMOTE = /^(?:fetch|pull|push|ls-remote)$/;

/** Lists and dry runs. */
function lowered(name: string, { given, operands }: Parsed): boolean {
  const has = (...names: readonly string[]): boolean => given.some((option) => names.includes(option.name));
  const listing = !has(
    "-d",
    "-D",
    "-f",
    "-m",
    "-M",
    "-c",
    "-C",
    "-u",
    "--delete",
    "--force",
    "--move",
    "--set-upstream-to",
    "--annotate",
    "--message",
    "-t",
    "--track",
  );
  if (name === "branch") return listing && (operands.length === 0 || has("-l", "--list"));
  if (name === "tag")
    return (
      !has("-d", "-f", "-m", "--delete", "--force", "--annotate", "--message") &&
      !given.some((option) => option.name === "-a") &&
      (operands.length === 0 || has("-l", "--list"))
    );
  if (name === "reflog") return operands.length === 0 || operands[0]?.value === "show";
  return name === "clean" && has("-n", "--dry-run");
}

/** The repository is where it runs, or above. */
function inRepository(base: Verdict, context: CommandContext): Verdict {
  const effect = base.effect === "external" ? "write" : base.effect;
  return touching(base, [{ words: [below("./")], effect, removes: true }], context);
}

interface Talk {
  readonly name: string;
  readonly effect: Effect;
  readonly does: string;
}

/** A remote is a name or an address of a kind that runs nothing (`ext::…` would). */
function withRemote({ name, effect, does }: Talk, parsed: Parsed, context: CommandContext): Verdict {
  const [remote, ...refs] = parsed.operands;
  const base = verdict(effect, `\`git ${name}\` ${does}`);
  // `+ref` forces, `:ref` deletes.
  const isForced = name === "push" && refs.some(({ value }) => /^[+:]/.test(value));
  const judged = inRepository({ ...base, effect: isForced ? graver(effect, "destructive") : effect }, context);
  if (remote === undefined || (remote.kind === "plain" && /^\w[\w.-]*$/.test(remote.value))) return judged;
  const address = remote.kind === "plain" ? remoteAddress(remote.value) : null;
  return address === null
    ? unknown(`\`git ${name}\` with a remote that is not known`)
    : { ...judged, resources: [...judged.resources, ...address] };
}

/** `ssh://host/path`, `user@host:path` (both without a resource of their own) or a web address; not `helper::address`, not a path. */
const SSH = /^(?:ssh:\/\/(?:[\w.-]+@)?\w[\w.-]*(?::\d+)?\/[\w./~-]*|(?:\w[\w.-]*@)?\w[\w.-]*:(?!\/\/|:)[\w./~-]+)$/;

function remoteAddress(text: string): Verdict["resources"] | null {
  if (SSH.test(text)) return [];
  const resource = webResource(text);
  return resource === null ? null : [{ resource, effect: "external" }];
}

const clone: Judge = (words, context) => {
  const parsed = parseOptions(words, {
    flags: "-q -v -n --quiet --verbose --bare --mirror --single-branch --no-tags --no-checkout",
    takes: "-b --branch --depth",
  });
  if (!parsed.ok) return unknown(`\`git clone\`: ${parsed.reason}`);
  const [source, folder] = parsed.operands;
  const address = source?.kind === "plain" ? remoteAddress(source.value) : null;
  if (address === null) return unknown("`git clone` from a place that is not known");
  const base: Verdict = { ...verdict("external", "fetches a repository"), resources: address };
  const judged = touching(base, [{ words: [folder ?? plain("./")], effect: "write", recurses: true }], context);
  return judged;
};

const stash: Judge = (words, context) => {
  const [first] = words;
  const action = first === undefined || first.value.startsWith("-") ? "push" : first.value;
  if (!words.every(({ kind }) => kind === "plain")) return unknown("`git stash` of what only the shell knows");
  if (/^(?:list|show)$/.test(action)) {
    const parsed = parseOptions(words.slice(1), { ...GIT_COMMANDS["show"] });
    return parsed.ok
      ? inRepository(verdict("read", "only reads the repository"), context)
      : unknown(`\`git stash\`: ${parsed.reason}`);
  }
  if (/^(?:drop|clear)$/.test(action))
    return inRepository(verdict("destructive", "discards what was put aside"), context);
  return /^(?:push|pop|apply|save)$/.test(action)
    ? inRepository(verdict("write", "puts changes aside or back"), context)
    : unknown(`\`git stash ${action}\` is not known`);
};

/** Settings of git name programs that it runs, so only reading them is known. */
const config: Judge = (words, context) => {
  const parsed = parseOptions(words, {
    flags: "-l -z --list --show-origin --name-only --local --global --system --get-all",
    takes: "--get",
  });
  const only =
    parsed.ok && parsed.operands.length === 0 && parsed.given.some(({ name }) => /^(?:-l|--list|--get)$/.test(name));
  return only
    ? inRepository(verdict("read", "only reads settings"), context)
    : unknown("`git config` may change what git runs");
};

const remotes: Judge = (words, context) => {
  const text = words.map(({ value }) => value).join(" ");
  return words.every(({ kind }) => kind === "plain") && /^(?:|-v|show|get-url [\w.-]+)$/.test(text)
    ? inRepository(verdict("read", "only reads settings"), context)
    : unknown("`git remote` may change where git connects");
};

const worktree: Judge = (words, context) =>
  words.length > 0 &&
  words.every(({ kind, value }, at) => kind === "plain" && (at === 0 ? value === "list" : /^--porcelain$/.test(value)))
    ? inRepository(verdict("read", "only reads the repository"), context)
    : unknown("`git worktree` may make or remove folders");

/** A file under another name may be a setting. */
const move: Judge = (words, context) => {
  const parsed = parseOptions(words, { flags: "-n -v -k -f --dry-run --verbose --force" });
  if (!parsed.ok) return unknown(`\`git mv\`: ${parsed.reason}`);
  const { operands, given } = parsed;
  if (operands.some(({ kind }) => kind === "dynamic")) return unknown("`git mv` of what only the shell knows");
  const steering = landing(operands.slice(0, -1), operands.slice(-1), context);
  if (steering !== null) return unknown(`\`git mv\`: \`${steering}\` may steer what later commands do`);
  const forced = given.some(({ name }) => name === "-f" || name === "--force");
  const effect = forced ? "destructive" : "write";
  const base = verdict(effect, "`git mv` moves files of the repository");
  return touching(inRepository(base, context), [elsewhere(operands, effect)], context);
};

const SPECIAL: Readonly<Record<string, Judge>> = { clone, stash, config, mv: move, remote: remotes, worktree };
