/** `no agents`, `1 agent`, `3 agents`. */
export function counted(number: number, noun: string): string {
  return `${number === 0 ? "no" : number} ${noun}${number === 1 ? "" : "s"}`;
}
