import { CircleCheckBig, Inbox, type LucideIcon, SearchX } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { Commands, type NextCommand } from "./commands.tsx";

/** Why a list is empty: there is nothing yet, nothing fits the filter, or everything is done. */
export type Emptiness =
  | {
      readonly kind: "nothing-yet";
      readonly title: string;
      readonly text: ReactNode;
      readonly next?: readonly NextCommand[];
    }
  | { readonly kind: "no-match"; readonly onClear: () => void }
  | { readonly kind: "all-done"; readonly title: string; readonly text: ReactNode };

const ICONS: Readonly<Record<Emptiness["kind"], LucideIcon>> = {
  "nothing-yet": Inbox,
  "no-match": SearchX,
  "all-done": CircleCheckBig,
};

export function EmptyState({ why }: { readonly why: Emptiness }): ReactElement {
  const Icon = ICONS[why.kind];
  return (
    <div className="empty" data-kind={why.kind}>
      <Icon className="icon" aria-hidden />
      {why.kind === "no-match" ? (
        <>
          <h2>Nothing matches</h2>
          <button type="button" className="button" onClick={why.onClear}>
            Clear the filter
          </button>
        </>
      ) : (
        <>
          <h2>{why.title}</h2>
          <p className="soft">{why.text}</p>
          {why.kind === "nothing-yet" && why.next !== undefined && <Commands steps={why.next} />}
        </>
      )}
    </div>
  );
}
