import type { ReactElement } from "react";
import { CopyCommand } from "./copy-id.tsx";

export interface NextCommand {
  readonly text: string;
  readonly command: string;
}

/** What to do next, each with the exact command. */
export function Commands({ steps }: { readonly steps: readonly NextCommand[] }): ReactElement {
  return (
    <ol className="commands">
      {steps.map(({ text, command }) => (
        <li key={command}>
          <p>{text}</p>
          <CopyCommand command={command} />
        </li>
      ))}
    </ol>
  );
}
