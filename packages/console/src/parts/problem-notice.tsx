import { AppError, codeRow } from "@countersign/core";
import { Link } from "@tanstack/react-router";
import { CircleX, RotateCw } from "lucide-react";
import type { ReactElement } from "react";

/** What went wrong, and what to do. */
export function ProblemNotice({
  error,
  onRetry,
}: {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
}): ReactElement {
  const { title, detail, code } = wordsOf(error);
  return (
    <div className="problem" role="alert">
      <CircleX className="icon" aria-hidden />
      <div>
        <p className="problem-title">{title}</p>
        {detail !== null && <p>{detail}</p>}
        <p className="small soft mono">{code}</p>
      </div>
      {onRetry !== undefined && (
        <button type="button" className="button tight" onClick={onRetry}>
          <RotateCw className="icon" aria-hidden />
          Try again
        </button>
      )}
    </div>
  );
}

export function PageProblem({ error, reset }: { readonly error: unknown; readonly reset: () => void }): ReactElement {
  return <ProblemNotice error={error} onRetry={reset} />;
}

export function NotFound(): ReactElement {
  return (
    <>
      <h1>There is no such page</h1>
      <p>
        <Link to="/">Go to the overview</Link>
      </p>
    </>
  );
}

/** One sentence begins with a capital, whatever the catalogue says. */
export function wordsOf(error: unknown): {
  readonly title: string;
  readonly detail: string | null;
  readonly code: string;
} {
  const known = error instanceof AppError ? error : new AppError("internal.error", { cause: error });
  const { title } = codeRow(known.code);
  return {
    title: sentence(title),
    detail: known.detail === undefined ? null : sentence(known.detail),
    code: known.code,
  };
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
