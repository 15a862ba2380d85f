import { AppError } from "@countersign/core";

/** The command line cannot be understood. Nothing was done; the exit code is 2. */
export class UsageError extends AppError {
  /** The command whose help shows the right form, e.g. `task open`; empty for the program itself. */
  readonly command: string;

  constructor(detail: string, command = "") {
    super("request.invalid", { detail });
    this.command = command;
  }
}
