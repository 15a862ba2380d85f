import { type Effect, graver } from "@countersign/core";
import { type GivenOption, type OptionTable, parseOptions } from "../options.ts";
import { type ShellWord, plain } from "../shell-word.ts";
import { type CommandContext, type Judge, type Touched, type Verdict, touching, unknown, verdict } from "../verdict.ts";
import { webResource } from "./web-address.ts";

const CURL: OptionTable = {
  flags:
    "-s -S -f -L -I -k -v -g -G -i -N -4 -6 -0 -O -J -R -# --silent --show-error --fail --fail-with-body --location --head --insecure --verbose --globoff --get --include --no-buffer --compressed --http1.1 --http2 --remote-name --remote-header-name --progress-bar --no-progress-meter --tlsv1.2 --create-dirs",
  takes:
    "-X -H -d -A -e -m -u -w -o -F -T -D -r --request --header --data --data-raw --data-binary --data-urlencode --json --user-agent --referer --max-time --connect-timeout --user --write-out --output --form --form-string --upload-file --dump-header --retry --retry-delay --range --max-redirs --url --limit-rate",
};
const OUTPUTS = /^(?:-o|--output|-D|--dump-header)$/;
const SENDS = /^(?:-d|--data|--data-binary|--data-urlencode|--json|-H|--header|-F|--form)$/;

const curl: Judge = (words, context) => {
  const parsed = parseOptions(words, CURL);
  if (!parsed.ok) return unknown(`\`curl\`: ${parsed.reason}`);
  const urls = parsed.given.filter(({ name }) => name === "--url").flatMap(({ value }) => value ?? []);
  const options = parsed.given.map(curlOption);
  const fault = options.find((option) => typeof option === "string");
  if (fault !== undefined) return unknown(fault);
  const touched = options.filter((option) => typeof option === "object" && option !== null);
  return reaching("curl", { named: [...parsed.operands, ...urls], touched }, context);
};

/** The file that an option touches, or why that cannot be said. */
function curlOption({ name, value }: GivenOption): Touched | string | null {
  if (/^(?:-O|--remote-name|-J)$/.test(name)) return { words: [plain("./")], effect: "destructive", recurses: true };
  if (value === null) return null;
  if (OUTPUTS.test(name)) return value.value === "-" ? null : { words: [value], effect: "destructive" };
  if (/^(?:-T|--upload-file)$/.test(name))
    // Braces and brackets stand for several files.
    return /[{}[\]]/.test(value.value) ? "`curl` sends what is not known" : { words: [value], effect: "read" };
  if (/^(?:-w|--write-out)$/.test(name))
    // `%output{file}` writes a file.
    return /^@|%output/.test(value.value) ? "`curl` writes what is not known" : null;
  return SENDS.test(name) ? sentFile(name, value.value) : null;
}

/** `@file` and `<file` send a file. */
function sentFile(name: string, value: string): Touched | string | null {
  if (!/[@<]/.test(value)) return null;
  const file = /^@([^@<;]+)$/.exec(value)?.[1];
  if (file !== undefined) return { words: [plain(file)], effect: "read" };
  return name === "-H" || name === "--header" ? null : "`curl` sends what is not known";
}

interface Reached {
  readonly named: readonly ShellWord[];
  readonly touched: readonly Touched[];
}

function reaching(name: string, { named, touched }: Reached, context: CommandContext): Verdict {
  if (named.length === 0) return unknown(`\`${name}\` without an address`);
  const addresses = named.map(({ kind, value }) => (kind === "plain" ? webResource(value) : null));
  const known = addresses.filter((address) => address !== null);
  if (known.length < addresses.length) return unknown(`\`${name}\` with an address that is not known`);
  const base: Verdict = {
    ...verdict("external", `\`${name}\` reaches out`),
    resources: known.map((resource) => ({ resource, effect: "external" })),
  };
  return touching(base, touched, context);
}

/** Writes beside itself unless told otherwise. */
const wget: Judge = (words, context) => {
  const parsed = parseOptions(words, {
    flags: "-q -v -c -nv --quiet --no-verbose --continue --spider -S",
    takes: "-O -T -t -U --timeout --tries --user-agent --output-document --header",
  });
  if (!parsed.ok) return unknown(`\`wget\`: ${parsed.reason}`);
  const output = parsed.given
    .filter(({ name }) => name === "-O" || name === "--output-document")
    .flatMap(({ value }) => (value === null ? [] : [value]));
  const files = output.filter(({ value }) => value !== "-");
  const touched: Touched =
    output.length > 0
      ? { words: files, effect: "destructive" }
      : { words: [plain("./")], effect: "destructive", recurses: true };
  return reaching("wget", { named: parsed.operands, touched: [touched] }, context);
};

/** Names and addresses of machines only. */
const asks =
  (name: string, table: OptionTable): Judge =>
  (words) => {
    const parsed = parseOptions(words, table);
    if (!parsed.ok) return unknown(`\`${name}\`: ${parsed.reason}`);
    return parsed.operands.every(({ kind, value }) => kind === "plain" && /^\+?[\w.:-]+$/.test(value))
      ? verdict("external", `\`${name}\` reaches out`)
      : unknown(`\`${name}\` with words that are not known`);
  };

type Commands = Readonly<Record<string, Effect>>;

/** Programs with commands of their own: known by their first words, with the options that are listed and no others. */
function commands(name: string, known: Commands, options: OptionTable): Judge {
  return (words) => {
    const parsed = parseOptions(words, options);
    const says = words.map(({ kind, value }) => (kind === "plain" ? value : ""));
    const effect =
      known[`${says[0]} ${says[1]} ${says[2]}`] ??
      known[`${says[0]} ${says[1]}`] ??
      (Object.hasOwn(known, says[0] ?? "") ? known[says[0] ?? ""] : undefined);
    if (effect === undefined) return unknown(`what this command of \`${name}\` does is not known`);
    if (!parsed.ok && effect !== "destructive") return unknown(`\`${name}\`: ${parsed.reason}`);
    return verdict(graver(effect, parsed.ok ? "read" : "unknown"), `\`${name} ${says[0]}\` is ${effect}`);
  };
}

/** Programs that reach other machines or services. */
export const NETWORK: Readonly<Record<string, Judge>> = {
  curl,
  wget,
  ping: asks("ping", { flags: "-4 -6 -n -q", takes: "-c -i -W -w -t" }),
  dig: asks("dig", { flags: "-4 -6", takes: "-t -p" }),
  host: asks("host", { flags: "-a -4 -6", takes: "-t" }),
  nslookup: asks("nslookup", {}),
  gh: commands(
    "gh",
    {
      "pr list": "external",
      "pr view": "external",
      "pr diff": "external",
      "pr checks": "external",
      "pr status": "external",
      "pr create": "external",
      "pr comment": "external",
      "pr merge": "destructive",
      "pr close": "destructive",
      "issue list": "external",
      "issue view": "external",
      "issue status": "external",
      "issue create": "external",
      "issue comment": "external",
      "issue close": "destructive",
      "issue delete": "destructive",
      "repo view": "external",
      "repo list": "external",
      "repo delete": "destructive",
      "run list": "external",
      "run view": "external",
      "release list": "external",
      "release view": "external",
      "release delete": "destructive",
      "auth status": "external",
    },
    {
      texts: "-t -b --title --body",
      takes: "-R -L -s -B -l -a --repo --limit --state --base --label --author --json --jq",
      flags: "--comments --draft --log --log-failed --merge --squash --rebase --yes",
    },
  ),
  docker: commands(
    "docker",
    {
      ps: "read",
      images: "read",
      logs: "read",
      inspect: "read",
      version: "read",
      info: "read",
      top: "read",
      port: "read",
      stats: "read",
      "container ls": "read",
      "image ls": "read",
      "volume ls": "read",
      "network ls": "read",
      "compose ps": "read",
      "compose logs": "read",
      pull: "external",
      push: "external",
      rm: "destructive",
      rmi: "destructive",
      stop: "destructive",
      kill: "destructive",
      restart: "destructive",
      "system prune": "destructive",
      "volume rm": "destructive",
      "volume prune": "destructive",
      "image rm": "destructive",
      "image prune": "destructive",
      "container rm": "destructive",
      "container prune": "destructive",
      "network rm": "destructive",
      "compose down": "destructive",
    },
    {
      flags: "-a -q -f -s -t -v --all --quiet --no-trunc --follow --timestamps --no-stream --force --volumes",
      takes: "-n --tail --since --until --filter --format",
    },
  ),
  kubectl: commands(
    "kubectl",
    {
      get: "external",
      describe: "external",
      logs: "external",
      top: "external",
      version: "external",
      "cluster-info": "external",
      explain: "external",
      delete: "destructive",
      drain: "destructive",
      scale: "destructive",
    },
    {
      flags: "-A -w -p -f --all-namespaces --watch --show-labels --previous --all --force",
      takes: "-n -l -o -c --namespace --selector --tail --since --container --replicas --sort-by",
    },
  ),
  aws: commands(
    "aws",
    {
      "s3 ls": "external",
      "sts get-caller-identity": "external",
      "s3 rm": "destructive",
      "s3 rb": "destructive",
      "ec2 describe-instances": "external",
      "ec2 terminate-instances": "destructive",
    },
    { takes: "--region --output --query --bucket --instance-ids", flags: "--recursive --human-readable --summarize" },
  ),
  npm: commands(
    "npm",
    {
      ls: "read",
      list: "read",
      root: "read",
      prefix: "read",
      "pkg get": "read",
      view: "external",
      info: "external",
      outdated: "external",
      search: "external",
      ping: "external",
      whoami: "external",
      publish: "unknown",
      unpublish: "destructive",
    },
    {
      flags: "-a -g -l --all --json --long --global --parseable --production --dry-run --force",
      takes: "--depth --omit",
    },
  ),
  pip: commands(
    "pip",
    { list: "read", show: "read", freeze: "read", check: "read", uninstall: "destructive" },
    { flags: "-y -q -l --outdated --local --user --files --yes", takes: "--format" },
  ),
  pip3: commands(
    "pip3",
    { list: "read", show: "read", freeze: "read", check: "read", uninstall: "destructive" },
    { flags: "-y -q -l --local --user --files --yes", takes: "--format" },
  ),
  systemctl: commands(
    "systemctl",
    {
      status: "read",
      "is-active": "read",
      "is-enabled": "read",
      "list-units": "read",
      stop: "destructive",
      restart: "destructive",
      disable: "destructive",
      mask: "destructive",
      poweroff: "destructive",
      reboot: "destructive",
    },
    { flags: "-l -q --no-pager --all --user --full --now", takes: "-n --type --state" },
  ),
  crontab: commands("crontab", { "-l": "read", "-r": "destructive" }, { flags: "-l" }),
};
