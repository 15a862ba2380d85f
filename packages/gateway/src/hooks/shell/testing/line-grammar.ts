import fc from "fast-check";

/** Programs that the throw-away folder has as stubs: each writes down how it was called, and does nothing. */
export const STUBS: readonly string[] = ["rm", "cat", "ls", "touch", "mkdir", "cp", "git", "grep", "zap", "head"];

const FILES = ["f1", "f2", "d/f3", "new", "d/new", "./f1", "../gone", "-x", "a b", "HEAD"];

/** One text, written in one of the ways that a shell reads as the same, or nearly. */
function written(text: string): fc.Arbitrary<string> {
  const hex = Array.from(text, (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");
  const head = text.slice(0, 1);
  const tail = text.slice(1);
  const bare = /^[\w./-]+$/.test(text) ? text : `'${text}'`;
  return fc.oneof(
    { weight: 8, arbitrary: fc.constant(bare) },
    {
      weight: 5,
      arbitrary: fc.constantFrom(
        `'${text}'`,
        `"${text}"`,
        `$'${hex}'`,
        `$'${text}'`,
        `${head}"${tail}"`,
        `''${bare}`,
        `${bare}""`,
        `"${head}"'${tail}'`,
        `\\${head}"${tail}"`,
        `\\\n${bare}`,
        `$"${text}"`,
      ),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        `$(echo ${bare})`,
        `"$(echo "${text}")"`,
        `\`echo ${bare}\``,
        `\${unset:-${bare}}`,
        `"\${unset:-${text}}"`,
        `$v`,
        `"$v"`,
        `{${bare},${bare}}`,
        `${head}{${tail},}`,
        `~/${bare}`,
        `~`,
        `f?`,
        `*`,
        `d/*`,
        `[f]1`,
        `$((1+1))`,
        `<(cat f1)`,
        `$\\${head}`,
      ),
    },
  );
}

const word: fc.Arbitrary<string> = fc.constantFrom(...FILES, "-r", "-rf", "--", "x", "status").chain(written);
const program: fc.Arbitrary<string> = fc.constantFrom(...STUBS).chain(written);

const redirection: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(">", ">>", "<", "2>", "&>", ">|", "<>", ">&", "1>>", "&>>", "{fd}>"),
    fc
      .constant(null)
      .chain(() =>
        fc
          .constantFrom("f1", "f2", "new", "d/new", "/dev/null", "HEAD", "*", "d/../f2")
          .chain((text) => (text === "*" ? fc.constant("f*") : written(text))),
      ),
  )
  .map(([operator, target]) => `${operator}${target}`);

const some = (arbitrary: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> =>
  fc.array(arbitrary, { maxLength }).map((parts) => parts.join(" "));

const single = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const PREFIXES = [
  "",
  "",
  "",
  "",
  "v=x ",
  "v=rm ",
  "LANG=C ",
  "PATH=. ",
  "! ",
  "time ",
  "command ",
  "exec ",
  "builtin ",
];
const WRAPPERS = [
  "env ",
  "nice ",
  "timeout 5 ",
  "env -i LANG=C ",
  "nohup ",
  "xargs ",
  "env v=x ",
  "nice -n 5 ",
  "find d -exec ",
];

const simple: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...PREFIXES),
    fc.oneof({ weight: 4, arbitrary: fc.constant("") }, fc.constantFrom(...WRAPPERS)),
    program,
    some(word, 3),
    some(redirection, 2),
  )
  .map(([prefix, wrapper, name, words, redirections]) => {
    const end = wrapper.startsWith("find") ? " {} \\;" : "";
    return `${prefix}${wrapper}${name} ${words}${end} ${redirections}`;
  });

const more: fc.Arbitrary<string> = fc.oneof(
  some(redirection, 2).filter((text) => text !== ""),
  word.map((name) => `cd ${name}`),
  fc.constantFrom(
    "cd d",
    "cd ..",
    "cd /nowhere",
    "cd ./d/..",
    "v=rm",
    "v=f1",
    "set -e",
    "true",
    "false",
    "echo hi",
    "printf x",
    "exec >f2",
  ),
);

/** Lines that a shell runs, around programs whose calls are written down. */
export const line: fc.Arbitrary<string> = fc.letrec<{ line: string }>((tie) => ({
  line: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    simple,
    more,
    simple,
    fc
      .tuple(tie("line"), fc.constantFrom(" | ", " && ", " || ", " ; ", "\n", " & ", " |& "), tie("line"))
      .map(([a, joined, b]) => `${a}${joined}${b}`),
    fc
      .tuple(fc.constantFrom("( ", "{ "), tie("line"), some(redirection, 1))
      .map(([open, inner, behind]) => `${open}${inner}\n${open === "( " ? ")" : "}"} ${behind}`),
    tie("line").map((inner) => `if ${inner}\nthen ${inner}\nelse cat f1\nfi`),
    tie("line").map((inner) => `for v in a rm; do ${inner}\ndone`),
    tie("line").map((inner) => `case x in y) cat f2;; *) ${inner}\n;; esac`),
    tie("line").map((inner) => `zip() { ${inner}\n}; zip`),
    tie("line").map((inner) => `echo "$(${inner}\n)"`),
    tie("line").map((inner) => `v=$(${inner}\n)`),
    tie("line").map((inner) => `cat <(${inner}\n)`),
    tie("line").map((inner) => `cat <<E\na $(${inner}\n) b\nE\n`),
    tie("line").map((inner) => `cat <<'E'\n$(${inner}\n)\nE\n`),
    tie("line").map((inner) => `sh -c ${single(inner)}`),
    tie("line").map((inner) => `bash -c ${single(inner)} x`),
    tie("line").map((inner) => `eval ${single(inner)}`),
    tie("line").map((inner) => `[[ -n $(${inner}\n) ]]`),
    tie("line").map((inner) => `echo $(( $(${inner}\n) + 1 ))`),
    tie("line").map((inner) => `${inner} # rm f1`),
    tie("line").map((inner) => `while ${inner}\nfalse; do cat f1; done`),
  ),
})).line;
