import type { ReactElement } from "react";

export function ApprovalsPage(): ReactElement {
  return <h1>Approvals</h1>;
}
