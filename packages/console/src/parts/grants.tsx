import type { Grant } from "@countersign/core";
import type { ReactElement } from "react";
import { ShownText } from "./shown-text.tsx";

/** Which actions on which resources. */
export function Grants({ grants }: { readonly grants: readonly Grant[] }): ReactElement {
  return (
    <ul className="grants mono">
      {grants.map(({ action, resource }) => (
        <li key={`${action} ${resource}`}>
          <ShownText text={action} />
          <span className="soft"> on </span>
          <ShownText text={resource} />
        </li>
      ))}
    </ul>
  );
}
