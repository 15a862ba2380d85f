import type { Chain } from "@countersign/core";
import type { Disclosure } from "@countersign/enforce";
import type { Kernel } from "../kernel.ts";
import type { Commit } from "../store/index.ts";

type Blob = NonNullable<Commit["blobs"]>[number];

/**
 * Salt and arguments as they are kept: under the key of the person behind the action, so that forgetting the person erases them.
 * @throws AppError `request.not_found` when that key was erased
 */
export async function sealedDisclosure(
  { keys }: Pick<Kernel, "keys">,
  { entry, salt, arguments: given }: Disclosure,
  { human }: Chain,
): Promise<Blob> {
  const name = `disclosure/${entry}`;
  return { name, bytes: await keys.sealBlob(human, name, JSON.stringify({ salt, arguments: given })) };
}
