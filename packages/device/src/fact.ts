import type { PostureFact } from "@countersign/credentials";

export function fact(value: boolean, how: string): PostureFact {
  return { value, how };
}

export function unknown(how: string): PostureFact {
  return { value: "unknown", how };
}
