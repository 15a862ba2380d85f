import { type Grant, LIMIT_NAMES, type Limits } from "@countersign/core";
import type { ReactElement } from "react";
import { ShownText } from "./shown-text.tsx";

/** Which actions on which resources, and up to which ceilings. */
export function Grants({ grants }: { readonly grants: readonly Grant[] }): ReactElement {
  return (
    <ul className="grants mono">
      {grants.map(({ action, resource, limits = {} }) => (
        <li key={`${action} ${resource} ${ceilings(limits)}`}>
          <ShownText text={action} />
          <span className="soft"> on </span>
          <ShownText text={resource} />
          <span className="soft">{ceilings(limits)}</span>
        </li>
      ))}
    </ul>
  );
}

function ceilings(limits: Limits): string {
  return LIMIT_NAMES.map((name) => (limits[name] === undefined ? "" : ` · ${name} ${String(limits[name])}`)).join("");
}
