import { Worker } from "node:worker_threads";
import type { ParsedPolicies } from "./parsed-policies.ts";

export interface ParseLimits {
  readonly timeoutMs: number;
  /** Most bytes of UTF-8. */
  readonly sizeBytes: number;
  /** Most policies. */
  readonly policies: number;
  /** Most open brackets and `if`s of one policy. */
  readonly nesting: number;
}
export const PARSE_LIMITS: ParseLimits = { timeoutMs: 20_000, sizeBytes: 1_048_576, policies: 5_000, nesting: 64 };

/**
 * Parses and checks policy text that nobody has vouched for, in a thread that is thrown away: whatever the text does to the parser ends
 * there. Never throws and never waits longer than `timeoutMs` (and the end of the thread); every refusal is `policy.invalid` with
 * problems that name line and policy.
 */
export async function parsePolicies(text: string, options: Partial<ParseLimits> = {}): Promise<ParsedPolicies> {
  const limits = { ...PARSE_LIMITS, ...options };
  if (text.length > limits.sizeBytes || Buffer.byteLength(text) > limits.sizeBytes) {
    return invalid(`longer than ${String(limits.sizeBytes)} bytes; shorten it`);
  }
  if (!text.isWellFormed()) return invalid("not well-formed Unicode; save it as UTF-8");
  const worker = startWorker({ text, limits: { policies: limits.policies, nesting: limits.nesting } });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<ParsedPolicies>((resolve) => {
      worker.once("message", resolve);
      worker.once("error", () => resolve(invalid("the parser broke on this text; simplify it")));
      worker.once("exit", () => resolve(invalid("the parser ended without an answer; simplify the text")));
      timer = setTimeout(() => resolve(invalid("parsing took too long; shorten or split the text")), limits.timeoutMs);
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

function startWorker(workerData: unknown): Worker {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new Worker(new URL(`./parse-worker.${extension}`, import.meta.url), {
    workerData,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 512, stackSizeMb: 4 },
  });
}

function invalid(message: string): ParsedPolicies {
  return { ok: false, code: "policy.invalid", problems: [{ message }] };
}
