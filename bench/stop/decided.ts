import type { ControlPlane, EnforcementPoint, Releaser } from "@countersign/enforce";
import { type LoadTask, actionOf, effectOf } from "./load.ts";

const AT_ONCE = 50;
const RESOURCE = "file:/bench/scale";

/**
 * Microseconds of one action at a point from its decision to its release, when nothing has to be recorded or sent: what a decision costs.
 * Throws when an action was refused.
 */
export async function decided(
  point: EnforcementPoint,
  { task, times }: { readonly task: LoadTask; readonly times: number },
): Promise<number> {
  const { task: id } = task.chain;
  if (id === null || !(await point.learn(id))) throw new Error("the task is not known at the point");
  const record: ControlPlane["record"] = async () => await Promise.resolve({ ok: true });
  const controlPlane = { record, touch: () => undefined };
  // The same point with all that it knows; only what it would record goes nowhere.
  const quiet = Object.create(point, { controlPlane: { value: controlPlane } }) as EnforcementPoint;
  let refused: string | null = null;
  const releaser: Releaser<null> = {
    partial: () => undefined,
    answer: () => undefined,
    refusal: ({ code }) => {
      refused = code;
    },
  };
  let us = 0;
  for (let done = 0; done < times; done += AT_ONCE) {
    const begun = performance.now();
    for (let i = 0; i < AT_ONCE; i += 1) {
      const upstream = effectOf(() => undefined);
      await quiet.enforce(actionOf(point, task, RESOURCE), upstream, releaser);
    }
    us += ((performance.now() - begun) * 1000) / times;
    // A point that never came to renew its lease would deny, and rightly.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (refused !== null) throw new Error(`the action was refused (${String(refused)})`);
  return us;
}
