/** A part of a transcript in Markdown: something to type, output to wait for, or what a person does in the browser. */
export type TranscriptPart =
  | { readonly kind: "type"; readonly line: string }
  | { readonly kind: "expect"; readonly lines: readonly string[] }
  | { readonly kind: "browser"; readonly what: string };

/**
 * Reads the `console` blocks of a document and the lines that begin with `> Browser: `. In a block a line after `$ ` is typed; all others
 * are expected. An expected line that ends with the answer to a question (`[Y/n] y`) is expected up to the question, then typed.
 */
export function readTranscript(markdown: string): readonly TranscriptPart[] {
  const parts: TranscriptPart[] = [];
  let lines: string[] = [];
  let inside = false;
  const flush = (): void => {
    if (lines.some((line) => line.trim() !== "" && line.trim() !== "…")) parts.push({ kind: "expect", lines });
    lines = [];
  };
  for (const line of markdown.split("\n")) {
    const asked = /^(.*\[(?:Y\/n|y\/N)\]) (y|n)$/.exec(line);
    if (line.startsWith("```")) {
      inside = line === "```console";
      flush();
    } else if (line.startsWith("> Browser: ")) parts.push({ kind: "browser", what: line.slice(11) });
    else if (inside && line.startsWith("$ ")) {
      flush();
      parts.push({ kind: "type", line: line.slice(2) });
    } else if (inside && asked !== null) {
      lines.push(asked[1] ?? "");
      flush();
      parts.push({ kind: "type", line: asked[2] ?? "" });
    } else if (inside) lines.push(line);
  }
  return parts;
}

/**
 * Where expected lines end in what a terminal showed; null: they are not all there (yet). `…` stands for anything within a line, and as
 * a line of its own for any lines; other lines follow each other, blank ones aside.
 */
export function matchLines(expected: readonly string[], shown: string): number | null {
  let pattern = "^";
  let gap = true;
  for (const line of expected.filter((one) => one.trim() !== "")) {
    if (line.trim() === "…") gap = true;
    else {
      const words = line
        .trim()
        .split("…")
        .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
      pattern += `${gap ? String.raw`(?:[^\n]*\n)*?` : String.raw`(?:[ \t]*\n)*`}[ \\t]*${words.join("[^\\n]*?")}[ \\t]*(?:\\n|$)`;
      gap = false;
    }
  }
  const found = new RegExp(pattern).exec(shown);
  return found === null ? null : found[0].length;
}
