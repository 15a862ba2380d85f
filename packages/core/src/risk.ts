/** Lower bounds of the levels of a risk from 0 to 100, gravest first. */
const LEVELS: readonly (readonly [from: number, name: string])[] = [
  [70, "high"],
  [40, "raised"],
  [0, "low"],
];

/** The level of a chain's risk, as approvals name it. What is no risk at all counts as the gravest. */
export function riskLevelOf(risk: number): string {
  return LEVELS.find(([from]) => risk >= from)?.[1] ?? "high";
}
