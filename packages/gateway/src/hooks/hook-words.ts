import type { Refusal } from "@countersign/core";
import type { RefusalDetail } from "@countersign/enforce";
import { refusalText } from "../mcp/index.ts";

/** What the agent is told when its hook is refused. A held use is repeated by the agent itself: that is what carries it out. */
export function hookWords(refusal: Refusal, detail: RefusalDetail): string {
  const { approval, approvalUrl, decision, reason } = refusal;
  if (decision !== "hold" || approval === undefined) return refusalText(refusal, detail);
  const what = detail.action.replace(/^tool:[^/]*\//, "");
  const link = approvalUrl === undefined ? "" : ` Approve: ${approvalUrl}.`;
  const advice = "Do not try another way; run the very same command again once it is approved.";
  return `HELD ${approval} for ${detail.approver ?? "a human"}: ${what} (${reason}). Nothing was done.${link} ${advice}`;
}
