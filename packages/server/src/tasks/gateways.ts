import type { Kernel } from "../kernel.ts";

/**
 * Where clients reach the gateways of the installation: that of this process first, then those that hold a lease elsewhere. A credential
 * names them all, so that it does not matter which server gave it.
 */
export async function gatewaysOf({
  store,
  gatewayUrl,
}: Pick<Kernel, "store" | "gatewayUrl">): Promise<readonly string[]> {
  const own = gatewayUrl();
  const points = await store.find("point", { status: "active" });
  const elsewhere = points.flatMap(({ state }) => (state.url === null ? [] : [state.url]));
  return [...new Set([...(own === null ? [] : [own]), ...elsewhere])];
}
