import { type ShellWord, plain } from "./shell-word.ts";

/** The options that a program is known to have, each with its dashes, divided by spaces. What is not listed is not known. */
export interface OptionTable {
  /** Without a value. */
  readonly flags?: string;
  /** With a value: the rest of the word, or the next one. */
  readonly takes?: string;
  /** With a value that is mere text: the shell may make it, as long as it is one word. */
  readonly texts?: string;
  /** With a value only in the same word (`--color=auto`, `-B1`). */
  readonly optional?: string;
  /** `-5` is a number. */
  readonly numeric?: boolean;
  /** Options end at the first operand, as with programs that run others. */
  readonly untilOperand?: boolean;
  /** Long options with one dash (`find`, `-name x`). */
  readonly wordy?: boolean;
  /** None of its options does harm, so a pattern may become one. */
  readonly anyOption?: boolean;
}

export interface GivenOption {
  readonly name: string;
  readonly value: ShellWord | null;
}

export type ParsedOptions =
  | { readonly ok: true; readonly given: readonly GivenOption[]; readonly operands: readonly ShellWord[] }
  | { readonly ok: false; readonly reason: string };

interface Reading {
  readonly table: OptionTable;
  readonly rest: ShellWord[];
  readonly given: GivenOption[];
  readonly operands: ShellWord[];
}

/** Divides the words after a program's name into options and operands. Refuses an option that is not in the table or not known yet. */
export function parseOptions(words: readonly ShellWord[], table: OptionTable): ParsedOptions {
  const reading: Reading = { table, rest: words.toReversed(), given: [], operands: [] };
  for (let word = reading.rest.pop(); word !== undefined; word = reading.rest.pop()) {
    if (word.kind === "plain" && word.value === "--") {
      reading.operands.push(...reading.rest.toReversed());
      break;
    }
    const fault = readWord(word, reading);
    if (fault !== null) return { ok: false, reason: fault };
    if (table.untilOperand === true && reading.operands.length > 0) {
      reading.operands.push(...reading.rest.toReversed());
      break;
    }
  }
  return { ok: true, given: reading.given, operands: reading.operands };
}

function readWord(word: ShellWord, reading: Reading): string | null {
  if (mayBecomeOption(word)) {
    if (word.kind === "pattern" && reading.table.anyOption === true && word.value === "") {
      reading.operands.push(word);
      return null;
    }
    return `\`${word.shown}\` may turn into an option`;
  }
  if (word.kind === "pattern" || !word.value.startsWith("-") || word.value === "-") {
    reading.operands.push(word);
    return null;
  }
  if (reading.table.numeric === true && /^-\d+$/.test(word.value)) return null;
  if (word.value.startsWith("--")) return readLong(word.value, reading);
  return reading.table.wordy === true ? readWordy(word.value, reading) : readShort(word.value, reading);
}

/** Dynamic words, and patterns that a file named like an option would fit. */
function mayBecomeOption(word: ShellWord): boolean {
  return word.kind === "dynamic" || (word.kind === "pattern" && (word.value === "" || word.value.startsWith("-")));
}

function readLong(text: string, reading: Reading): string | null {
  const { table, given } = reading;
  const split = text.indexOf("=");
  const name = split === -1 ? text : text.slice(0, split);
  if (split === -1 && (lists(table.flags, name) || lists(table.optional, name))) {
    given.push({ name, value: null });
    return null;
  }
  if (split === -1) return takeNext(name, reading);
  if (![table.takes, table.texts, table.optional].some((options) => lists(options, name))) return unknownOption(name);
  const value = text.slice(split + 1);
  given.push({ name, value: plain(value) });
  return null;
}

function readWordy(name: string, reading: Reading): string | null {
  if (!lists(reading.table.flags, name)) return takeNext(name, reading);
  reading.given.push({ name, value: null });
  return null;
}

function readShort(text: string, reading: Reading): string | null {
  const { table, given } = reading;
  for (let at = 1; at < text.length; at += 1) {
    const name = `-${text.charAt(at)}`;
    const value = text.slice(at + 1);
    if (lists(table.flags, name)) {
      given.push({ name, value: null });
      continue;
    }
    if (lists(table.optional, name) || (value !== "" && (lists(table.takes, name) || lists(table.texts, name)))) {
      given.push({ name, value: value === "" ? null : plain(value) });
      return null;
    }
    return takeNext(name, reading);
  }
  return null;
}

function takeNext(name: string, reading: Reading): string | null {
  if (!lists(reading.table.takes, name) && !lists(reading.table.texts, name)) return unknownOption(name);
  const value = reading.rest.pop();
  if (value === undefined) return `option \`${name}\` has no value`;
  if (value.kind !== "plain" && !(value.isOneWord && lists(reading.table.texts, name)))
    return `the value of \`${name}\` is only known to the shell`;
  reading.given.push({ name, value });
  return null;
}

const unknownOption = (name: string): string => `option \`${name}\` is not known here`;

const lists = (options: string | undefined, name: string): boolean =>
  !name.includes(" ") && ` ${options ?? ""} `.includes(` ${name} `);
