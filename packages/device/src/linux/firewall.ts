import { isJsonObject, parseJson } from "@countersign/core";
import type { Json, JsonObject } from "@countersign/core";
import type { PostureFact } from "@countersign/credentials";
import { fact, unknown } from "../fact.ts";
import type { Machine } from "../machine.ts";

const NFT = "/usr/sbin/nft";

/**
 * True when incoming traffic that no rule accepts is dropped or rejected: a base chain on the hook `input` with policy `drop`, or whose
 * last rule drops or rejects without condition. Only root can list rules, so it is `unknown` for everybody else.
 */
export async function readFirewall(machine: Machine): Promise<PostureFact> {
  if (machine.uid !== 0) return unknown("only root can list the rules");
  const listed = await machine.run(NFT, ["-j", "list", "ruleset"]);
  if (listed === null) return unknown(`${NFT} cannot be run`);
  const parsed = parseJson(listed, { sizeBytes: 1024 * 1024, depth: 64 });
  const items = parsed.ok && isJsonObject(parsed.value) ? parsed.value["nftables"] : undefined;
  if (!Array.isArray(items)) return unknown(`${NFT} answers in another form`);
  const objects = (items as readonly Json[]).filter((item) => isJsonObject(item));
  const inputs = objects.flatMap(({ chain }) => (isJsonObject(chain) && chain["hook"] === "input" ? [chain] : []));
  return fact(
    inputs.some((chain) => isClosed(chain, objects)),
    `${NFT} list ruleset`,
  );
}

function isClosed(chain: JsonObject, objects: readonly JsonObject[]): boolean {
  if (chain["policy"] === "drop") return true;
  const last = objects.findLast(
    ({ rule }) => isJsonObject(rule) && rule["chain"] === chain["name"] && rule["table"] === chain["table"],
  );
  const steps = isJsonObject(last?.["rule"]) ? last["rule"]["expr"] : undefined;
  if (!Array.isArray(steps)) return false;
  const verdicts = (steps as readonly Json[]).filter((step) => !isJsonObject(step) || !("counter" in step));
  const only = verdicts.length === 1 ? verdicts[0] : undefined;
  return isJsonObject(only) && ("drop" in only || "reject" in only);
}
