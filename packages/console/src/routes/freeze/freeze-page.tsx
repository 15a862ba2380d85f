import type { ReactElement } from "react";

export function FreezePage(): ReactElement {
  return <h1>Freeze</h1>;
}
