import type { BrakeView } from "@countersign/api";
import type { BrakeScope } from "@countersign/core";

const SCOPES: Readonly<Record<Exclude<BrakeScope["type"], "all">, string>> = {
  agent: "agent",
  owner: "agents of",
  device: "device",
  task: "task",
  resource: "resource",
};

/** `everything`, `agent coder`, `agents of Alice`, `resource file:/srv/**`. */
export function scopeWords({ scope, scopeName }: Pick<BrakeView, "scope" | "scopeName">): string {
  return scope.type === "all" ? "everything" : `${SCOPES[scope.type]} ${scopeName ?? scope.value}`;
}

/** `Freeze of everything` */
export function brakeWords(brake: Pick<BrakeView, "kind" | "scope" | "scopeName">): string {
  return `${brake.kind === "freeze" ? "Freeze" : "Sever"} of ${scopeWords(brake)}`;
}

/** Who pulled it, by name where it was a person. */
export function byWords({ by, byName }: Pick<BrakeView, "by" | "byName">): string {
  return byName ?? (by === "local" ? "this machine" : by);
}
