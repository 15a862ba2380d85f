import { cpus } from "node:os";

/** Below this share a machine is busy: how long something takes there says nothing of what takes it. */
export const BUSY = 0.1;

/** How much of this machine's time nobody used since this was made. */
export class IdleTime {
  private readonly begin = times();

  /** 0: none; 1: all. */
  share(): number {
    const now = times();
    const all = now.all - this.begin.all;
    return all === 0 ? 1 : (now.idle - this.begin.idle) / all;
  }
}

function times(): { readonly idle: number; readonly all: number } {
  const counts = cpus().map(({ times: { user, nice, sys, idle, irq } }) => ({
    idle,
    all: user + nice + sys + idle + irq,
  }));
  return counts.reduce((sum, { idle, all }) => ({ idle: sum.idle + idle, all: sum.all + all }), { idle: 0, all: 0 });
}
