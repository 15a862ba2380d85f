import type { Act } from "@countersign/api";

/** What was done alike: same action, resource and answer; the newest stands for all. */
export interface ActGroup {
  readonly key: string;
  readonly newest: Act;
  readonly times: number;
}
export interface TaskBranch {
  readonly task: string | null;
  readonly purpose: string | null;
  readonly groups: readonly ActGroup[];
  readonly newestAt: string;
}
/** One human on one device, and the tasks that the agent did for them there. */
export interface OriginBranch {
  readonly human: string | null;
  readonly humanName: string | null;
  readonly device: string | null;
  readonly deviceName: string | null;
  readonly tasks: readonly TaskBranch[];
}

/** Acts of one agent, newest first, as a tree: human and device → task → what was done, held or refused. Nothing is left out. */
export function chainOfIntent(acts: readonly Act[]): readonly OriginBranch[] {
  return [...gathered(acts, ({ human, device }) => `${human} ${device}`).values()].map((ofOrigin) => ({
    human: ofOrigin[0].human,
    humanName: ofOrigin[0].names.human,
    device: ofOrigin[0].device,
    deviceName: ofOrigin[0].names.device,
    tasks: [...gathered(ofOrigin, ({ task }) => String(task)).values()].map((ofTask) => ({
      task: ofTask[0].task,
      purpose: ofTask[0].names.task,
      newestAt: ofTask[0].time,
      groups: [...gathered(ofTask, sameAnswer)].map(([key, alike]) => ({ key, newest: alike[0], times: alike.length })),
    })),
  }));
}

function sameAnswer({ action, resource, decision, outcome }: Act): string {
  return JSON.stringify([action, resource, decision?.result, decision?.code, outcome]);
}

type Some<T> = [T, ...T[]];

function gathered(acts: readonly Act[], keyOf: (act: Act) => string): ReadonlyMap<string, Some<Act>> {
  const groups = new Map<string, Some<Act>>();
  for (const act of acts) {
    const key = keyOf(act);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [act]);
    else group.push(act);
  }
  return groups;
}
