import type { ReactElement } from "react";

export function TasksPage(): ReactElement {
  return <h1>Tasks</h1>;
}
