/** `warning`: somebody should know, and nothing is broken. */
export type CheckLevel = "ok" | "warning" | "failed";

/** One thing that `doctor` looked at. */
export interface Check {
  readonly name: string;
  /** False only when it failed. */
  readonly ok: boolean;
  readonly level: CheckLevel;
  readonly detail: string;
  /** What to do about it. */
  readonly next?: string;
}

export function passed(name: string, detail: string): Check {
  return { name, ok: true, level: "ok", detail };
}

export function warned(name: string, detail: string, next: string): Check {
  return { name, ok: true, level: "warning", detail, next };
}

export function failed(name: string, detail: string, next: string): Check {
  return { name, ok: false, level: "failed", detail, next };
}
