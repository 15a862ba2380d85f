import type { ReactElement } from "react";
import { ShownText } from "./shown-text.tsx";

/** All that something acts on, each on a line of its own. */
export function Resources({
  resource,
  resources,
}: {
  readonly resource: string;
  readonly resources?: readonly string[];
}): ReactElement {
  return (
    <>
      {(resources ?? [resource]).map((name) => (
        <div key={name} className="mono">
          <ShownText text={name} />
        </div>
      ))}
    </>
  );
}
