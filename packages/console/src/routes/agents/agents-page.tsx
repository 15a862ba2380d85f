import type { ReactElement } from "react";

export function AgentsPage(): ReactElement {
  return <h1>Agents</h1>;
}
