/**
 * The commands of a sed script, a letter each, if all of them neither write files nor run anything; else null. An own reading of the small part
 * of the language (POSIX sed, GNU's flags) that agents use: everything else, also what GNU and BSD read differently, is null.
 */
export function harmlessSed(script: string): string | null {
  let rest = script;
  let letters = "";
  while (rest !== "") {
    const next = nextCommand(rest);
    if (next === null) return null;
    rest = next.rest;
    letters += next.letter;
  }
  return letters;
}

const SPACE = /^[\s;]+/;
const NUMBER = /^(?:\d+(?:~\d+)?|\$)/;

/** The first command and what follows it, null if it is not known. */
function nextCommand(text: string): { readonly letter: string; readonly rest: string } | null {
  const start = text.replace(SPACE, "");
  if (start === "") return { letter: "", rest: "" };
  const addressed = afterAddresses(start);
  if (addressed === null) return null;
  const command = addressed.replace(/^\s*!?[ \t]*/, "");
  const rest = afterCommand(command);
  return rest === null ? null : { letter: command.charAt(0), rest };
}

function afterCommand(command: string): string | null {
  if (/^[{}]/.test(command)) return command.slice(1);
  if (/^[pdnNhHgGxDPlq=](?:[ \t]*(?:[;\n}]|$))/.test(command)) return command.slice(1).replace(/^[ \t]+/, "");
  if (command.startsWith("s") || command.startsWith("y")) return afterSubstitution(command);
  return null;
}

function afterAddresses(text: string): string | null {
  const first = afterAddress(text);
  if (first === null || first === text) return first;
  const comma = /^\s*,\s*/.exec(first);
  if (comma === null) return first;
  const behind = first.slice(comma[0].length);
  const offset = /^[+~]\d+/.exec(behind);
  return offset === null ? afterAddress(behind) : behind.slice(offset[0].length);
}

function afterAddress(text: string): string | null {
  const number = NUMBER.exec(text);
  if (number !== null) return text.slice(number[0].length);
  if (!text.startsWith("/")) return text;
  const behind = afterPart(text.slice(1), "/");
  return behind === null ? null : behind.replace(/^I/, "");
}

function afterSubstitution(command: string): string | null {
  const mark = command.charAt(1);
  if (!/^[/|,#@:!%_+^~]$/.test(mark)) return null;
  const replacement = afterPart(command.slice(2), mark);
  const flags = replacement === null ? null : afterPart(replacement, mark, true);
  if (flags === null) return null;
  const read = /^[gpiI0-9]*[ \t]*(?=[;\n}]|$)/.exec(flags);
  return read === null ? null : flags.slice(read[0].length);
}

/** What follows the mark that ends a part. Brackets that hold the mark, or are open, are read differently from sed to sed. */
function afterPart(text: string, mark: string, isReplacement = false): string | null {
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at);
    if (sign === "\\") at += 1;
    else if (sign === mark) return text.slice(at + 1);
    else if (sign === "\n") return null;
    else if (sign === "[" && !isReplacement) {
      const set = /^\[\^?(?:\[:[a-z]+:\]|[^\][\\])+\]/.exec(text.slice(at));
      if (set === null || set[0].includes(mark) || set[0].includes("\n")) return null;
      at += set[0].length - 1;
    }
  }
  return null;
}
