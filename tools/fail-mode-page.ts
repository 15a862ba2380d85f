import { FAIL_MODES, type FailMode } from "@countersign/enforce";

const HEAD = `# What happens when something is missing

An enforcement point never guesses (INV-2): what it cannot decide, record or prove, it denies, with a code. This table is made from
\`packages/enforce/src/fail-modes.ts\`; \`e2e/fail-modes.test.ts\` breaks each of these things for real and looks at every cell.

*Reads* are actions with the effect \`read\`; *others* are all that is not, for approvals: what needs a signature. An *own* point is part of
the control plane's process (\`countersign up\`), a *joined* one is \`countersign gateway\`. Where only one is named for policies, upstreams
and approvals, both behave alike. *If it lasts*: what everything meets once a lease has run out. The hooks of coding agents meet the same as MCP
calls; they have no upstream.
`;

/** The page for operators, from the table that the tests walk. */
export function failModePage(): string {
  const head =
    "| What | fails how | point | reads | others | if it lasts | then | shows in |\n| --- | --- | --- | --- | --- | --- | --- | --- |";
  return `${HEAD}\n${head}\n${FAIL_MODES.map(row).join("\n")}\n`;
}

function row({ dependency, fault, point, reads, others, lasting, next, shows }: FailMode): string {
  return `| ${[dependency, fault, point, met(reads), met(others), lasting === null ? "the same" : `\`${lasting}\``, next, shows].join(" | ")} |`;
}

function met(what: FailMode["reads"]): string {
  return typeof what === "string" ? what : what.map((code) => `\`${code}\``).join(" or ");
}
