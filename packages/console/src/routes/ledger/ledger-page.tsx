import type { ReactElement } from "react";

export function LedgerPage(): ReactElement {
  return <h1>Ledger</h1>;
}
