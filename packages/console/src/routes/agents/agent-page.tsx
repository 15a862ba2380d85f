import type { ReactElement } from "react";

export function AgentPage(): ReactElement {
  return <h1>Agent</h1>;
}
