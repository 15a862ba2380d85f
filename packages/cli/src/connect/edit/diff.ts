import type { EditPlan } from "./plan.ts";
import { type Mask, maskOf } from "./mask.ts";

/** A line of a unified diff. `head` names the file, `hunk` the lines; the caller paints. */
export interface DiffLine {
  readonly kind: "head" | "hunk" | "same" | "removed" | "added";
  readonly text: string;
}

const CONTEXT = 3;
const MAX_CHARACTERS = 200;
/** Differences beyond this are shown as one block. */
const MAX_EDITS = 2_000;

/** What the plan would change, as a unified diff; secrets are masked, long lines cut (INV-9). Empty when nothing changes. */
export function showPlan(plan: EditPlan): readonly DiffLine[] {
  if (!plan.changed) return [];
  const { before, after } = plan;
  const mask = maskOf(before.value);
  const steps = compare(linesOf(before.text), linesOf(after));
  const head = [before.bytes === null ? "--- (new file)" : `--- ${before.file.path}`, `+++ ${before.file.path}`];
  return [...head.map((text) => ({ kind: "head", text }) as const), ...hunks(steps, mask)];
}

interface Step {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
  readonly old: number;
  readonly new: number;
}
const SIGNS = { same: " ", removed: "-", added: "+" };

function hunks(steps: readonly Step[], mask: Mask): readonly DiffLine[] {
  const near = steps.map((_, i) =>
    steps.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(({ kind }) => kind !== "same"),
  );
  return steps.flatMap((step, i) => {
    if (near[i] !== true) return [];
    const line = { kind: step.kind, text: SIGNS[step.kind] + cut(mask(step.text)) };
    if (near[i - 1] === true) return [line];
    return [{ kind: "hunk", text: `@@ -${String(step.old)} +${String(step.new)} @@` } as const, line];
  });
}

function cut(line: string): string {
  return line.length <= MAX_CHARACTERS ? line : `${line.slice(0, MAX_CHARACTERS)}…`;
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
}

/** The shortest way from `a` to `b`, after E. W. Myers, "An O(ND) difference algorithm and its variations" (1986). */
function compare(a: readonly string[], b: readonly string[]): readonly Step[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const kinds = [
    ...Array<"same">(start).fill("same"),
    ...walk(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...Array<"same">(end).fill("same"),
  ];
  let [i, j] = [0, 0];
  return kinds.map((kind) => {
    const step = { kind, text: (kind === "added" ? b[j] : a[i]) ?? "", old: i + 1, new: j + 1 };
    if (kind !== "added") i += 1;
    if (kind !== "removed") j += 1;
    return step;
  });
}

type Kinds = readonly Step["kind"][];

function walk(a: readonly string[], b: readonly string[]): Kinds {
  const far = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let edits = 0; edits <= Math.min(a.length + b.length, MAX_EDITS); edits += 1) {
    trace.push(new Map(far));
    for (let k = -edits; k <= edits; k += 2) {
      let x = goesDown(far, k, edits) ? (far.get(k + 1) ?? 0) : (far.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      far.set(k, x);
      if (x >= a.length && x - k >= b.length) return back(trace, a.length, b.length);
    }
  }
  return [...a.map(() => "removed" as const), ...b.map(() => "added" as const)];
}

function goesDown(far: ReadonlyMap<number, number>, k: number, edits: number): boolean {
  return k === -edits || (k !== edits && (far.get(k - 1) ?? 0) < (far.get(k + 1) ?? 0));
}

function back(trace: readonly ReadonlyMap<number, number>[], width: number, height: number): Kinds {
  const kinds: Step["kind"][] = [];
  let [x, y] = [width, height];
  for (let edits = trace.length - 1; edits >= 0; edits -= 1) {
    const far = trace[edits] ?? new Map<number, number>();
    const k = x - y;
    const from = goesDown(far, k, edits) ? k + 1 : k - 1;
    const fromX = edits === 0 ? 0 : (far.get(from) ?? 0);
    const fromY = edits === 0 ? 0 : fromX - from;
    for (; x > fromX && y > fromY; x -= 1, y -= 1) kinds.push("same");
    if (edits > 0) kinds.push(x === fromX ? "added" : "removed");
    [x, y] = [fromX, fromY];
  }
  return kinds.toReversed();
}
