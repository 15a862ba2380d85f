import { AppError } from "@countersign/core";

/** What the refusal says: its code and its words; empty when there was none. Any other error is thrown on. */
export function refusalIn(act: () => unknown): string {
  try {
    act();
    return "";
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}
