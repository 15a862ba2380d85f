import type { ProgramTable } from "./program-table.ts";

type Command = Pick<ProgramTable, "effect" | "does" | "texts" | "flags" | "takes" | "optional" | "numeric" | "raises">;

const SHOW = {
  flags:
    "-p -u -s -z -w -b -a -R --patch --no-patch --raw --stat --numstat --shortstat --summary --name-only --name-status --oneline --graph --all --branches --tags --remotes --no-color --no-ext-diff --no-textconv --staged --cached --merges --no-merges --reverse --first-parent --follow --decorate --no-decorate --date-order --topo-order --author-date-order --abbrev-commit --no-abbrev-commit --full-index --binary --exit-code --quiet --text --ignore-all-space --ignore-space-change --ignore-blank-lines --minimal --patience --histogram --word-diff --color --merge-base --no-renames --find-renames --check --cherry-pick --left-right --cherry --boundary --pickaxe-regex --pickaxe-all --regexp-ignore-case -i -E -F --full-history --simplify-merges --show-signature --no-walk --no-notes --root --cc -m -c -r -t --full-diff --name-rev --no-prefix --no-patch-with-stat --patch-with-stat --compact-summary --walk-reflogs -g --merge",
  takes:
    "-n -S -G -L --max-count --skip --since --until --after --before --author --committer --grep --format --diff-filter --unified --date -U --diff-algorithm --pretty --inter-hunk-context",
  optional:
    "--pretty --abbrev --color --stat --decorate --word-diff --submodule --color-words --find-renames --branches --tags --remotes -M -C -B --dirstat --color-moved --relative --ignore-submodules --format --word-diff-regex",
  numeric: true,
} as const;

const READ = { effect: "read", does: "only reads the repository" } as const;
const WRITE = { effect: "write", does: "changes the repository" } as const;
const LOSES = { effect: "destructive", does: "may discard work" } as const;
const SENDS = { effect: "external", does: "talks to another repository" } as const;

/** What git's commands do, with the options that are known. None of these runs a program, writes a file elsewhere or reads outside of the repository. */
export const GIT_COMMANDS: Readonly<Record<string, Command>> = {
  status: {
    ...READ,
    flags:
      "-s -b -z -v --short --branch --porcelain --long --ignored --renames --no-renames --ahead-behind --no-ahead-behind --show-stash",
    optional: "-u --untracked-files --porcelain --ignored --column --ignore-submodules",
  },
  log: { ...READ, ...SHOW },
  diff: { ...READ, ...SHOW },
  show: { ...READ, ...SHOW },
  whatchanged: { ...READ, ...SHOW },
  "diff-tree": { ...READ, ...SHOW, flags: `${SHOW.flags} --no-commit-id` },
  "rev-list": { ...READ, ...SHOW, flags: `${SHOW.flags} --count --objects` },
  shortlog: {
    ...READ,
    flags: "-s -n -e -c --summary --numbered --email --all --no-merges",
    takes: "--since --until --group",
  },
  blame: {
    ...READ,
    flags: "-b -e -f -l -n -p -s -t -w --porcelain --line-porcelain --show-email --root",
    takes: "-L --date",
    optional: "-M -C",
  },
  reflog: { ...LOSES, does: "may forget where branches stood" },
  "rev-parse": {
    ...READ,
    flags:
      "-q --verify --short --abbrev-ref --symbolic-full-name --show-toplevel --show-prefix --show-cdup --git-dir --git-common-dir --is-inside-work-tree --is-bare-repository --absolute-git-dir --all --branches --tags --show-superproject-working-tree",
    optional: "--short --abbrev-ref",
  },
  "ls-files": {
    ...READ,
    flags:
      "-c -d -m -o -i -s -u -z -t -v --cached --deleted --modified --others --ignored --stage --unmerged --exclude-standard --full-name --error-unmatch --directory --no-empty-directory",
    takes: "-x --exclude",
  },
  "ls-tree": {
    ...READ,
    flags: "-d -r -t -l -z --name-only --name-status --full-name --full-tree --object-only",
    takes: "--format",
  },
  "ls-remote": { ...SENDS, flags: "-h -t -q --heads --tags --refs --quiet --exit-code --symref" },
  describe: {
    ...READ,
    flags: "--all --tags --contains --long --always --first-parent --exact-match",
    takes: "--match --exclude --candidates",
    optional: "--abbrev --dirty",
  },
  "merge-base": { ...READ, flags: "-a --all --octopus --is-ancestor --fork-point" },
  "name-rev": { ...READ, flags: "--tags --all --name-only --always" },
  "for-each-ref": { ...READ, takes: "--count --sort --format --points-at --contains --merged --no-merged" },
  "show-ref": { ...READ, flags: "--head --heads --tags -d -s --verify -q --hash", optional: "--hash --abbrev" },
  "cat-file": { ...READ, flags: "-t -s -e -p" },
  "count-objects": { ...READ, flags: "-v -H" },
  "check-ignore": { ...READ, flags: "-q -v -n --no-index" },
  grep: {
    ...READ,
    flags:
      "-n -i -I -w -v -h -H -E -G -F -P -l -L -c -q -p -W -o -a --cached --untracked --name-only --files-with-matches --count --heading --break --line-number --ignore-case --word-regexp --extended-regexp --fixed-strings --perl-regexp --all-match --and --or --not",
    takes: "-e -A -B -C -m --max-depth --max-count",
    optional: "--color",
  },
  version: READ,
  fsck: { ...READ, flags: "--full --strict --no-dangling --unreachable" },
  branch: {
    ...WRITE,
    flags:
      "-a -r -v -l -q -d -D -f -m -M -c -C -u --all --remotes --list --show-current --verbose --merged --no-merged --no-color --delete --force --move --no-track --track -t",
    takes: "--contains --sort --format --points-at --set-upstream-to",
    optional: "--contains --merged --no-merged --color --column --abbrev",
    raises: {
      "-d": "destructive",
      "-D": "destructive",
      "-f": "destructive",
      "-M": "destructive",
      "-C": "destructive",
      "--delete": "destructive",
      "--force": "destructive",
    },
  },
  tag: {
    ...WRITE,
    flags: "-a -l -n -d -f -i --list --annotate --delete --force --merged --no-merged",
    texts: "-m --message",
    takes: "--sort --format --contains --points-at",
    optional: "-n --contains",
    raises: { "-d": "destructive", "-f": "destructive", "--delete": "destructive", "--force": "destructive" },
  },
  add: { ...WRITE, flags: "-A -u -n -v -f -N --all --update --dry-run --verbose --force --intent-to-add" },
  commit: {
    ...WRITE,
    flags:
      "-a -v -q -s -n --all --verbose --quiet --signoff --no-verify --amend --no-edit --allow-empty --allow-empty-message --dry-run --no-gpg-sign",
    texts: "-m --message",
    takes: "--author --date --fixup --squash",
  },
  rm: { ...LOSES, flags: "-r -f -q -n --cached --dry-run --force --quiet --ignore-unmatch" },
  clean: { ...LOSES, flags: "-d -f -n -q -x -X --force --dry-run", takes: "-e --exclude" },
  reset: {
    ...WRITE,
    flags: "-q --soft --mixed --hard --keep --merge --quiet",
    raises: { "--hard": "destructive", "--keep": "destructive", "--merge": "destructive" },
  },
  restore: { ...LOSES, flags: "-S -W -q --staged --worktree --quiet --ours --theirs", takes: "-s --source" },
  checkout: { ...LOSES, flags: "-b -B -f -q -t --force --quiet --track --no-track --detach --ours --theirs --orphan" },
  switch: {
    ...WRITE,
    flags:
      "-c -C -d -f -q -t --create --force-create --detach --force --discard-changes --quiet --track --no-track --orphan",
    raises: {
      "-C": "destructive",
      "-f": "destructive",
      "--force-create": "destructive",
      "--force": "destructive",
      "--discard-changes": "destructive",
    },
  },
  merge: {
    ...WRITE,
    flags: "-q -v --ff --no-ff --ff-only --squash --no-commit --commit --no-edit --abort --quit --no-stat",
    takes: "-m",
    raises: { "--abort": "destructive" },
  },
  "cherry-pick": {
    ...WRITE,
    flags: "-n -x --no-commit --abort --quit --skip --ff",
    raises: { "--abort": "destructive", "--skip": "destructive" },
  },
  revert: { ...WRITE, flags: "-n --no-commit --no-edit --abort --quit", raises: { "--abort": "destructive" } },
  rebase: { ...LOSES, flags: "-q -v --abort --quit --skip --autostash --no-autostash --quiet", takes: "--onto" },
  init: { ...WRITE, flags: "-q --quiet", takes: "-b --initial-branch" },
  gc: { ...LOSES, flags: "--auto -q --quiet --aggressive", optional: "--prune" },
  prune: { ...LOSES, flags: "-n -v" },
  "update-ref": { ...LOSES, flags: "-d --no-deref", takes: "-m" },
  apply: {
    effect: "destructive",
    does: "patches files",
    flags: "--stat --check --numstat --summary --cached --index -R --reverse -3 --3way -v --reject",
    takes: "-p",
  },
  fetch: {
    ...SENDS,
    flags: "-a -p -q -v -t -n --all --prune --tags --no-tags --quiet --verbose --dry-run --unshallow",
    takes: "--depth",
    raises: { "-p": "destructive", "--prune": "destructive" },
  },
  pull: {
    ...SENDS,
    flags: "-q -v --ff-only --no-rebase --quiet --verbose --no-edit --ff --no-ff --tags --rebase -r",
    raises: { "--rebase": "destructive", "-r": "destructive" },
  },
  push: {
    ...SENDS,
    flags:
      "-u -q -v -n -f -d --set-upstream --quiet --verbose --dry-run --tags --follow-tags --all --force --delete --mirror --prune --no-verify --porcelain --atomic --force-with-lease --force-if-includes",
    optional: "--force-with-lease",
    raises: {
      "-f": "destructive",
      "-d": "destructive",
      "--force": "destructive",
      "--delete": "destructive",
      "--mirror": "destructive",
      "--prune": "destructive",
      "--force-with-lease": "destructive",
    },
  },
};
