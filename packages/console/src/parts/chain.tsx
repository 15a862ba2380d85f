import type { Named } from "@countersign/api";
import { Bot, Laptop, ListTodo, type LucideIcon, UserRound } from "lucide-react";
import type { ReactElement } from "react";
import { CopyId } from "./copy-id.tsx";
import { ShownText } from "./shown-text.tsx";

export interface ChainProps {
  readonly human: Named | null;
  readonly device: Named | null;
  readonly agent: Named | null;
  readonly task: Named | null;
}

const LINKS: readonly (readonly [name: keyof ChainProps, icon: LucideIcon])[] = [
  ["human", UserRound],
  ["device", Laptop],
  ["agent", Bot],
  ["task", ListTodo],
];

/** Human → device → agent → task: who stands behind it. */
export function Chain(chain: ChainProps): ReactElement {
  return (
    <ol className="chain">
      {LINKS.map(([name, Icon]) => {
        const link = chain[name];
        return (
          <li key={name} data-missing={link === null ? "" : undefined}>
            <Icon className="icon" aria-hidden />
            <span className="chain-kind">{name}</span>
            <span className="chain-name">{link === null ? "none" : <ShownText text={link.name} />}</span>
            {link !== null && <CopyId id={link.id} />}
          </li>
        );
      })}
    </ol>
  );
}
