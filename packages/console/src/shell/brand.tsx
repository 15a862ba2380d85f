import type { ReactElement } from "react";

/** The mark: a signature, and the signature beside it. */
export function Brand(): ReactElement {
  return (
    <span className="brand">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" />
        <path d="M6 17.5l5.5 5.5 9.500-13M15 21.500l1.500 1.500 9.500-13" />
      </svg>
      Countersign
    </span>
  );
}
