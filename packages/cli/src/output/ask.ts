import { createInterface } from "node:readline";
import type { Surroundings } from "../cli.ts";

/** True when a person can be asked: both ends are a terminal. */
export function canAsk({ stdin, stdout }: Pick<Surroundings, "stdin" | "stdout">): boolean {
  return (stdin as { readonly isTTY?: boolean }).isTTY === true && stdout.isTTY === true;
}

/** Asks for one line on standard error. An empty line, the end of the input and a stop are `otherwise`. */
export async function askYes(cli: Surroundings, question: string, otherwise: boolean): Promise<boolean> {
  cli.stderr.write(`${question} ${otherwise ? "[Y/n]" : "[y/N]"} `);
  const lines = createInterface({ input: cli.stdin, terminal: false });
  const line = await new Promise<string>((resolve) => {
    lines.once("line", resolve);
    lines.once("close", () => resolve(""));
    cli.signal.addEventListener("abort", () => resolve("n"), { once: true });
  });
  lines.close();
  cli.stdin.pause();
  const word = line.trim().toLowerCase();
  return word === "" ? otherwise : word === "y" || word === "yes";
}
