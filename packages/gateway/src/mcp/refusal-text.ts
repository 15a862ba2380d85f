import type { Refusal, Step } from "@countersign/core";
import type { RefusalDetail } from "@countersign/enforce";

/** What the agent is told in words: the form of `interfaces.md` for a hold, and for a deny the code, the reason and what to do next. */
export function refusalText(refusal: Refusal, detail: RefusalDetail): string {
  const { approval, approvalUrl } = refusal;
  if (refusal.decision === "hold" && approval !== undefined) {
    const what = [toolOf(detail.action), shown(detail)].filter((part) => part !== "").join(" ");
    const link = approvalUrl === undefined ? "" : ` Approve: ${approvalUrl}.`;
    const advice = `Do not try another way; call countersign_wait ${JSON.stringify({ approval })}.`;
    return `HELD ${approval} for ${detail.approver ?? "a human"}: ${what}. Nothing was done.${link} ${advice}`;
  }
  return `DENIED ${refusal.code}: ${sentence(refusal.reason)} ${NEXT[refusal.step]}`;
}

const NEXT: Readonly<Record<Step, string>> = {
  credential: "Start the client through `countersign mcp` again.",
  brake: "A human stopped this: do not try again and do not try another way; tell your user.",
  human: "Tell your user; nothing that you do changes this.",
  device: "Tell your user to run `countersign status` on this machine.",
  agent: "Tell your user; nothing that you do changes this.",
  task: "Tell your user to open a new task.",
  grant: "Stay within the task, or ask your user for a task that covers this.",
  critical: "Ask your user to countersign it.",
  policy: "Do not try another way; ask your user.",
  risk: "Do not try another way; tell your user.",
  countersignature: "Do not try another way; ask your user.",
  lease: "Nothing was done; try again in a few seconds.",
  ledger: "Try again later; tell your user if it lasts.",
  tool: "List the tools again and use one that is listed.",
  upstream: "The tool may or may not have acted; look before you try again.",
  input: "Correct the arguments and call again.",
  hold: "Ask your user.",
};

function toolOf(action: string): string {
  return action.replace(/^mcp:[^/#]*[/#]/, "");
}

/** Paths are shown as paths; the scheme says nothing to a reader. */
function shown({ resource, resources }: Pick<RefusalDetail, "resource" | "resources">): string {
  const [first, second, ...more] = (resources ?? [resource ?? ""]).map((name) => name.replace(/^file:/, ""));
  if (second === undefined) return first ?? "";
  return `${first ?? ""}, ${second}${more.length === 0 ? "" : ` and ${String(more.length)} more`}`;
}

function sentence(reason: string): string {
  return /[.!?]$/.test(reason) ? reason : `${reason}.`;
}
