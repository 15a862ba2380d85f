import { AppError, type BrakeScope, type HumanId, type StateRecord } from "@countersign/core";
import { ownerOfScope } from "@countersign/enforce";
import type { Kernel } from "../kernel.ts";
import { Names } from "../names.ts";

/** A scope that names something, and the human who answers for it; null where only an administrator does. */
export interface Scoped {
  readonly owner: HumanId | null;
}

/** A stop of something that does not exist is an error, never a success. @throws AppError `brake.unknown_scope` */
export async function knownScope({ store }: Pick<Kernel, "store">, scope: BrakeScope): Promise<Scoped> {
  const { type, value } = scope;
  if (type === "all" || type === "resource") {
    if (value.length === 0 || value.length > 1024)
      throw new AppError("brake.unknown_scope", { detail: "the scope is empty or too long" });
    return { owner: null };
  }
  const record: StateRecord | null = await store.get(type === "owner" ? "human" : type, value);
  if (record === null)
    throw new AppError("brake.unknown_scope", { detail: `there is no ${type} \`${value.slice(0, 60)}\`` });
  return { owner: ownerOfScope(scope, { get: (() => record) as Parameters<typeof ownerOfScope>[1]["get"] }) };
}

export function scopeText({ type, value }: BrakeScope): string {
  return type === "resource" ? value : `${type}:${value}`;
}

export async function scopeWords(kernel: Kernel, { type, value }: BrakeScope): Promise<string> {
  if (type === "all") return "everything";
  return `${type === "owner" ? "agents of" : type} ${(await new Names(kernel).of(value)) ?? value}`;
}
