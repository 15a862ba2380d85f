import { AppError, type StateRecord } from "@countersign/core";
import { z } from "zod";
import type { Kernel } from "../kernel.ts";

export const pointName: z.ZodType<string> = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "use small letters, digits, `-` and `_`");

/** The point of that name that was not removed; null when there is none. */
export async function pointNamed({ store }: Kernel, name: string): Promise<StateRecord<"point"> | null> {
  const found = await store.find("point", { key: name });
  return found.findLast(({ state }) => state.status !== "removed") ?? null;
}

/** A point by id or by name; of a name that comes back, the newest. @throws AppError `request.not_found` */
export async function findPoint(kernel: Kernel, idOrName: string): Promise<StateRecord<"point">> {
  const { store } = kernel;
  const found = (await store.get("point", idOrName)) ?? (await store.find("point", { key: idOrName })).at(-1) ?? null;
  if (found === null)
    throw new AppError("request.not_found", { detail: `there is no gateway \`${idOrName.slice(0, 64)}\`` });
  return found;
}

/** A name for a gateway: of no point, or of one on another machine that nobody acts as. @throws AppError `request.conflict` */
export async function assertFreeName(kernel: Kernel, name: string): Promise<void> {
  const taken = (detail: string): AppError => new AppError("request.conflict", { detail });
  const point = await pointNamed(kernel, name);
  const own = kernel.points.all().some((one) => one.name === name) && point === null;
  if (own || point?.terms.place === "own") throw taken(`\`${name}\` is a part of this server; choose another name`);
  if (point !== null && point.state.status !== "away")
    throw taken(`a gateway \`${name}\` is running; end it or remove it, or choose another name`);
}
