import type { Kernel } from "../kernel.ts";
import type { Orphan } from "../store/index.ts";

export interface Zombie {
  readonly kind: Orphan["kind"];
  readonly id: string;
  /** The dead link behind it. */
  readonly because: string;
}

/** INV-10: tasks, sessions, mandates, agents, passkeys and devices in force with a dead link behind them. Must always be empty. */
export async function findZombies({ store, now }: Pick<Kernel, "store" | "now">): Promise<readonly Zombie[]> {
  const zombies: Zombie[] = [];
  for (const { kind, id, link, linkId, status } of await store.orphans()) {
    const task = kind === "task" ? await store.get("task", id) : null;
    // What has run out does nothing any more, also before it is written down.
    if (task !== null && Date.parse(task.terms.expiresAt) <= now()) continue;
    zombies.push({ kind, id, because: `${link} ${linkId} is ${status ?? "missing"}` });
  }
  return zombies;
}

/** How often the query runs. */
const LOOK_MS = 30_000;

/** INV-10 as a query that runs all the time: what it found last stands in `/metrics`, and in the log when it is anything. */
export class ZombieWatch {
  private readonly kernel: Pick<Kernel, "store" | "now" | "log">;
  private readonly timer: NodeJS.Timeout;
  private found: Promise<number> | null = null;

  constructor(kernel: Pick<Kernel, "store" | "now" | "log">) {
    this.kernel = kernel;
    this.timer = setInterval(() => void this.look(), LOOK_MS);
    this.timer.unref();
  }

  /** How many there were at the last look; the first one is made when it is asked for. Rejects when it could not look. */
  async count(): Promise<number> {
    return await (this.found ?? this.look());
  }

  end(): void {
    clearInterval(this.timer);
  }

  private look(): Promise<number> {
    const looked = findZombies(this.kernel).then((zombies) => {
      if (zombies.length > 0)
        this.kernel.log.error({ zombies: zombies.slice(0, 20) }, "live with a dead link behind it");
      return zombies.length;
    });
    looked.catch((error: unknown) => this.kernel.log.warn({ err: error }, "not looked for what outlived its owner"));
    this.found = looked;
    return looked;
  }
}
