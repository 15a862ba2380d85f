import type { ProgramTable } from "./program-table.ts";

const PRINTS = { effect: "read", does: "only reads", operands: "read" } as const;
const SAYS = { effect: "read", does: "only prints", operands: "text" } as const;
const SUMS = {
  ...PRINTS,
  flags: "-b -c -t -w -z --check --tag --text --binary --zero --quiet --status --strict --warn",
  takes: "-a --algorithm",
};

const GREP: ProgramTable = {
  ...PRINTS,
  flags:
    "-E -F -G -P -i -y -v -w -x -c -L -l -q -s -b -H -h -n -T -Z -z -a -I -r -R -o -U --extended-regexp --fixed-strings --basic-regexp --perl-regexp --ignore-case --no-ignore-case --invert-match --word-regexp --line-regexp --count --files-without-match --files-with-matches --only-matching --quiet --silent --no-messages --byte-offset --with-filename --no-filename --line-number --initial-tab --null --null-data --text --recursive --dereference-recursive --line-buffered --binary",
  takes:
    "-e -m -A -B -C -d -D --regexp --max-count --after-context --before-context --context --include --exclude --exclude-dir --label --binary-files --directories",
  optional: "--color --colour",
  reads: "-f --file --exclude-from",
  numeric: true,
  leadingText: 1,
  insteadOfText: "-e --regexp -f --file",
  recurses: "-r -R --recursive --dereference-recursive",
};

/** ripgrep without what runs other programs (`--pre`, `-z`, `--hostname-bin`). */
const RG: ProgramTable = {
  ...PRINTS,
  flags:
    "-F -i -s -S -v -w -x -c -l -q -b -H -I -n -N -o -p -P -U -u -a -L -0 --fixed-strings --ignore-case --case-sensitive --smart-case --invert-match --word-regexp --line-regexp --count --count-matches --files-with-matches --files-without-match --quiet --byte-offset --with-filename --no-filename --line-number --no-line-number --only-matching --pretty --pcre2 --multiline --multiline-dotall --unrestricted --text --hidden --no-hidden --no-ignore --no-ignore-vcs --follow --json --vimgrep --heading --no-heading --column --no-column --stats --trim --null --files --type-list --no-messages --no-config --crlf --passthru --one-file-system --sort-files --glob-case-insensitive -. --no-require-git",
  takes:
    "-e -g -t -T -m -A -B -C -d -j -M -r -E --regexp --glob --iglob --type --type-not --max-count --after-context --before-context --context --max-depth --threads --max-columns --replace --encoding --sort --sortr --color --colors --engine --max-filesize --path-separator --context-separator",
  reads: "-f --file --ignore-file",
  leadingText: 1,
  insteadOfText: "-e --regexp -f --file --files --type-list",
  recurses: true,
  here: true,
};

/** Programs that change nothing, with the options that are known to keep it so. */
export const READERS: Readonly<Record<string, ProgramTable>> = {
  cat: {
    ...PRINTS,
    anyOption: true,
    flags:
      "-A -b -e -E -n -s -t -T -u -v --show-all --number-nonblank --show-ends --number --squeeze-blank --show-tabs --show-nonprinting",
  },
  tac: { ...PRINTS, flags: "-b -r", takes: "-s" },
  nl: { ...PRINTS, takes: "-b -d -f -h -i -l -n -s -v -w", flags: "-p" },
  head: {
    ...PRINTS,
    anyOption: true,
    numeric: true,
    flags: "-q -v -z --quiet --verbose",
    takes: "-n -c --lines --bytes",
  },
  tail: {
    ...PRINTS,
    anyOption: true,
    numeric: true,
    flags: "-f -F -q -v -z -r --follow --quiet --verbose --retry",
    takes: "-n -c -s --lines --bytes --pid --sleep-interval",
  },
  wc: { ...PRINTS, flags: "-c -m -l -L -w --bytes --chars --lines --words --max-line-length" },
  ls: {
    ...PRINTS,
    here: true,
    anyOption: true,
    recurses: "-R --recursive",
    flags:
      "-1 -a -A -b -B -c -C -d -f -F -g -G -h -H -i -k -l -L -m -n -N -o -p -q -Q -r -R -s -S -t -u -U -v -x -X -Z --all --almost-all --author --escape --directory --human-readable --si --inode --numeric-uid-gid --literal --reverse --recursive --size --group-directories-first --no-group --dereference --full-time",
    takes: "-I -T -w --ignore --sort --time --time-style --format --block-size --width",
    optional: "--color --classify --hyperlink",
  },
  tree: {
    ...PRINTS,
    here: true,
    recurses: true,
    flags:
      "-a -d -l -f -x -i -p -s -h -u -g -D -F -v -t -c -r -n -C -A -S -N -Q -J -X --noreport --dirsfirst --du --prune --gitignore --si",
    takes: "-L -P -I --filelimit --charset --sort",
    overwrites: "-o",
  },
  du: {
    ...PRINTS,
    here: true,
    recurses: true,
    flags:
      "-0 -a -b -c -D -h -H -k -L -l -m -P -S -s -x --all --apparent-size --bytes --total --human-readable --si --summarize --one-file-system",
    takes: "-B -d -t --block-size --max-depth --threshold --exclude --time-style",
    optional: "--time",
  },
  df: {
    ...PRINTS,
    flags: "-a -h -H -i -k -l -P -T --all --human-readable --inodes --local --print-type --total --portability",
    takes: "-B -t -x --block-size --type --exclude-type",
    optional: "--output",
  },
  stat: { ...PRINTS, flags: "-L -f -t -x --dereference --file-system --terse", takes: "-c --format --printf" },
  file: {
    ...PRINTS,
    flags:
      "-b -i -h -k -L -N -n -p -r -s -v -0 --brief --mime --mime-type --mime-encoding --dereference --keep-going --no-dereference --raw",
    takes: "-F -e --separator --exclude",
    reads: "-f --files-from",
  },
  readlink: {
    ...PRINTS,
    flags: "-f -e -m -n -q -s -v -z --canonicalize --canonicalize-existing --canonicalize-missing --no-newline",
  },
  realpath: { ...PRINTS, flags: "-e -m -L -P -q -s -z --strip --no-symlinks", takes: "--relative-to --relative-base" },
  basename: { ...SAYS, flags: "-a -z --multiple --zero", takes: "-s --suffix" },
  dirname: { ...SAYS, flags: "-z --zero" },
  grep: GREP,
  egrep: GREP,
  fgrep: GREP,
  rg: RG,
  fd: {
    ...PRINTS,
    recurses: true,
    here: true,
    leadingText: 1,
    flags:
      "-H -I -u -s -i -g -F -a -l -L -p -0 -1 -q --hidden --no-ignore --unrestricted --case-sensitive --ignore-case --glob --fixed-strings --absolute-path --list-details --follow --full-path --print0 --quiet --no-ignore-vcs",
    takes:
      "-d -t -e -E -S -j -c --max-depth --min-depth --exact-depth --type --extension --exclude --size --changed-within --changed-before --max-results --threads --color --owner",
  },
  cut: {
    ...PRINTS,
    flags: "-s -z -n --only-delimited --complement",
    takes: "-b -c -d -f --bytes --characters --delimiter --fields --output-delimiter",
  },
  tr: { ...SAYS, flags: "-c -C -d -s -t --complement --delete --squeeze-repeats --truncate-set1" },
  rev: { ...PRINTS },
  fold: { ...PRINTS, flags: "-b -s", takes: "-w" },
  fmt: { ...PRINTS, flags: "-c -s -t -u", takes: "-p -w -g" },
  paste: { ...PRINTS, flags: "-s -z", takes: "-d" },
  join: { ...PRINTS, flags: "-i -z --header --check-order --nocheck-order", takes: "-a -e -j -o -t -v -1 -2" },
  comm: { ...PRINTS, flags: "-1 -2 -3 -z --check-order --nocheck-order --total", takes: "--output-delimiter" },
  column: { ...PRINTS, flags: "-t -x -J -L -e", takes: "-c -s -o -N -R -H -E -d -n" },
  expand: { ...PRINTS, flags: "-i", takes: "-t" },
  sort: {
    ...PRINTS,
    flags:
      "-b -c -C -d -f -g -h -i -M -m -n -r -R -s -u -V -z --check --ignore-leading-blanks --dictionary-order --ignore-case --general-numeric-sort --human-numeric-sort --month-sort --numeric-sort --reverse --random-sort --stable --unique --version-sort --zero-terminated",
    takes: "-k -t -S --key --field-separator --buffer-size --parallel --sort",
    overwrites: "-o --output",
  },
  cmp: { ...PRINTS, flags: "-b -l -s --silent --quiet --verbose", takes: "-i -n" },
  diff: {
    ...PRINTS,
    recurses: "-r --recursive",
    flags:
      "-a -b -B -c -d -E -i -N -p -q -r -s -t -T -u -w -y -Z --brief --unified --recursive --side-by-side --new-file --ignore-all-space --ignore-blank-lines --ignore-case --report-identical-files --minimal --text --suppress-common-lines --strip-trailing-cr",
    takes: "-C -I -L -U -W -x --exclude --label --width",
    optional: "--color --unified --context",
  },
  md5sum: SUMS,
  sha1sum: SUMS,
  sha224sum: SUMS,
  sha256sum: SUMS,
  sha384sum: SUMS,
  sha512sum: SUMS,
  b2sum: SUMS,
  shasum: SUMS,
  cksum: { ...PRINTS, takes: "-a", flags: "--tag" },
  base64: { ...PRINTS, flags: "-d -D -i --decode --ignore-garbage", takes: "-w --wrap" },
  od: { ...PRINTS, flags: "-a -b -c -d -f -i -l -o -s -v -x", takes: "-A -j -N -t -w" },
  hexdump: { ...PRINTS, flags: "-b -c -C -d -o -v -x", takes: "-e -n -s" },
  strings: { ...PRINTS, flags: "-a -f -w", takes: "-n -t -e" },
  zcat: { ...PRINTS, flags: "-f -q" },
  seq: { ...SAYS, takes: "-f -s --format --separator", flags: "-w --equal-width", numeric: true },
  sleep: { ...SAYS },
  expr: { ...SAYS },
  uname: { ...SAYS, flags: "-a -s -n -r -v -m -p -i -o --all", operands: "text" },
  whoami: { effect: "read", does: "only prints" },
  logname: { effect: "read", does: "only prints" },
  tty: { effect: "read", does: "only prints", flags: "-s" },
  nproc: { effect: "read", does: "only prints", flags: "--all" },
  arch: { effect: "read", does: "only prints" },
  hostname: { effect: "read", does: "only prints", flags: "-f -s -i -I -d" },
  uptime: { effect: "read", does: "only prints", flags: "-p -s" },
  free: { effect: "read", does: "only prints", flags: "-b -k -m -g -h -t -w" },
  id: { ...SAYS, flags: "-G -g -n -r -u -z" },
  groups: { ...SAYS },
  locale: { effect: "read", does: "only prints", flags: "-a -m" },
  cal: { ...SAYS, flags: "-1 -3 -m -y" },
  ps: {
    ...SAYS,
    flags: "-a -A -d -e -f -F -H -j -l -L -T -w -x -y --forest --no-headers",
    takes: "-C -G -o -O -p -q -s -t -u -U --pid --ppid --sort --user --format",
  },
  pgrep: { ...SAYS, flags: "-a -c -f -i -l -n -o -v -w -x", takes: "-d -g -G -P -s -t -u -U" },
  lsof: { ...SAYS, flags: "-n -P -t", takes: "-i -p -u", optional: "" },
  printenv: { ...SAYS, flags: "-0" },
  which: { ...SAYS, flags: "-a -s" },
  lscpu: { effect: "read", does: "only prints" },
  lsblk: { effect: "read", does: "only prints" },
};
