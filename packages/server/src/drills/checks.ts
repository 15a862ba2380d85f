import type { Kernel } from "../kernel.ts";
import { type Check, passed, warned } from "../check.ts";
import type { Drills } from "./drills.ts";

const DUE_MS = 30 * 86_400_000;

/** When it was tried last that a stop stops. */
export async function drillChecks({ now }: Kernel, drills: Drills): Promise<readonly Check[]> {
  const name = "drill";
  const last = await drills.last();
  const next = "countersign drill";
  if (last === null) return [warned(name, "it was never tried here whether a stop stops", next)];
  const day = last.settledAt.slice(0, 10);
  const open = last.points.filter(({ refusal }) => refusal === null);
  const detail = `the last one was on ${day}, in ${String(last.tookMs)} ms at ${String(last.points.length)} points`;
  if (now() - Date.parse(last.settledAt) > DUE_MS) return [warned(name, `${detail}, more than 30 days ago`, next)];
  if (open.length > 0) return [warned(name, `${detail}; no refusal from ${open.map((p) => p.name).join(", ")}`, next)];
  return [passed(name, detail)];
}
