import { parentPort, workerData } from "node:worker_threads";
import { compilePolicies } from "./cedar-compile.ts";
import type { ParsedPolicies } from "./parsed-policies.ts";
import type { TextLimits } from "./policy-text.ts";

/** Entry of the disposable thread: one text in, one answer out, then it is thrown away. */
const { text, limits } = workerData as { readonly text: string; readonly limits: TextLimits };
parentPort?.postMessage(answer());

function answer(): ParsedPolicies {
  try {
    return compilePolicies(text, limits);
  } catch {
    return {
      ok: false,
      code: "policy.invalid",
      problems: [{ message: "the parser failed on this text; simplify it" }],
    };
  }
}
