import type { ProgramTable } from "./program-table.ts";

const REMOVES = { effect: "destructive", does: "removes what it names", operands: "remove" } as const;
const STOPS = { effect: "destructive", does: "stops processes or the machine", operands: "text" } as const;
const FORMATS = { effect: "destructive", does: "overwrites a device", operands: "remove" } as const;

/** Programs that change files and processes, as far as a table can say it. */
export const WRITERS: Readonly<Record<string, ProgramTable>> = {
  mkdir: {
    effect: "write",
    does: "makes folders",
    operands: "write",
    flags: "-p -v --parents --verbose",
    takes: "-m --mode",
  },
  touch: {
    effect: "write",
    does: "makes files or sets their times",
    operands: "write",
    flags: "-a -c -m -h --no-create",
    takes: "-d -t --date --time",
    reads: "-r --reference",
  },
  mkfifo: { effect: "write", does: "makes a pipe", operands: "write", takes: "-m --mode" },
  tee: {
    effect: "destructive",
    does: "overwrites what it names",
    operands: "overwrite",
    flags: "-i -p --ignore-interrupts",
  },
  truncate: {
    effect: "destructive",
    does: "cuts files",
    operands: "overwrite",
    flags: "-c -o --no-create",
    takes: "-s --size",
    reads: "-r --reference",
  },
  rm: {
    ...REMOVES,
    flags: "-f -i -I -r -R -d -v --force --recursive --dir --verbose --one-file-system --preserve-root",
    recurses: "-r -R --recursive",
  },
  rmdir: { ...REMOVES, flags: "-p -v --parents --ignore-fail-on-non-empty --verbose" },
  unlink: { ...REMOVES },
  shred: { ...REMOVES, flags: "-f -u -v -x -z", takes: "-n -s --iterations" },
  srm: { ...REMOVES, recurses: true, flags: "-r -R -f" },
  wipefs: { ...FORMATS, flags: "-a -f" },
  mkfs: { ...FORMATS, takes: "-t" },
  "mkfs.ext4": { ...FORMATS, flags: "-F -q" },
  "mkfs.xfs": { ...FORMATS, flags: "-f -q" },
  mkswap: { ...FORMATS },
  chmod: {
    effect: "write",
    does: "changes rights",
    operands: "write",
    leadingText: 1,
    flags: "-c -f -v -R --recursive",
    raises: { "-R": "destructive", "--recursive": "destructive" },
    recurses: "-R --recursive",
  },
  chown: {
    effect: "destructive",
    does: "changes owners",
    operands: "write",
    leadingText: 1,
    flags: "-c -f -v -h -R --recursive",
    recurses: "-R --recursive",
  },
  chgrp: {
    effect: "destructive",
    does: "changes owners",
    operands: "write",
    leadingText: 1,
    flags: "-c -f -v -h -R --recursive",
    recurses: "-R --recursive",
  },
  kill: {
    ...STOPS,
    takes: "-s -n",
    flags: "-9 -15 -1 -2 -3 -6 -KILL -TERM -HUP -INT -QUIT -STOP -CONT -USR1 -USR2 -SIGKILL -SIGTERM -SIGINT -SIGHUP",
    wordy: true,
  },
  pkill: {
    ...STOPS,
    flags: "-9 -15 -f -x -n -o -i -KILL -TERM -HUP -INT",
    takes: "-u -U -P -g -t --signal",
    wordy: true,
  },
  killall: { ...STOPS, flags: "-9 -15 -e -I -q -w -v -KILL -TERM -HUP -INT", takes: "-u -s", wordy: true },
  reboot: { ...STOPS },
  shutdown: { ...STOPS, flags: "-h -r -P -H -c" },
  halt: { ...STOPS },
  poweroff: { ...STOPS },
};
