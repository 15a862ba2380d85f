import type { ControlPlane } from "@countersign/enforce";
import { type Kernel, settingsOf } from "./kernel.ts";
import type { Modules } from "./modules.ts";
import { PointLinks, type ServedPoints } from "./points/index.ts";

/** The links of points on other machines. */
export function linksOf(
  kernel: Kernel,
  { authority, joins, identities, serverIdentity }: Modules,
  { controlPlane, served }: { readonly controlPlane: ControlPlane; readonly served: ServedPoints },
): PointLinks {
  const { store, points, log, now, keys } = kernel;
  const links = new PointLinks({
    controlPlane,
    store,
    points,
    log,
    now,
    monotonicMs: () => performance.now(),
    lease: async () => (await settingsOf(kernel)).lease,
    tokens: async () => ({ issuer: (await settingsOf(kernel)).publicUrl, keys: [keys.tokens.jwk] }),
    secretsFor: async (point, jkt) => await identities.secretsFor(point, jkt),
    renewIdentity: async ({ point, jkt }, keyProof) => await identities.renew(point, jkt, keyProof),
    lost: async (point) => await served.lost(point),
    trust: {
      bundle: authority.pem,
      credential: () => serverIdentity.credential(),
      identify: async (certificate) => await identities.identify(certificate),
      redeem: async (body) => await joins.redeem(body),
    },
  });
  served.moved = (record) => links.moved(record);
  return links;
}
