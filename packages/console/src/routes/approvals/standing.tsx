import type { ApprovalView } from "@countersign/api";
import type { ReactElement } from "react";
import { Facts } from "../../parts/facts.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { PanelPart } from "../../parts/side-panel.tsx";
import { When } from "../../parts/when.tsx";

/** What to know besides the call itself: earlier denials, haste, who has signed of several, what was signed for the task. */
export function Standing({ approval }: { readonly approval: ApprovalView }): ReactElement {
  const { notes, progress, bound } = approval;
  const several = progress.length > 1 || progress.some(({ quorum }) => quorum > 1);
  return (
    <>
      {notes.length > 0 && (
        <PanelPart title="Look closely">
          <ul className="reasons">
            {notes.map((note) => (
              <li key={note}>
                <ShownText text={note} />
              </li>
            ))}
          </ul>
        </PanelPart>
      )}
      {several && (
        <PanelPart title="Signatures">
          <Facts rows={progress.map((hold) => [hold.policyId, <Signed key={hold.policyId} {...hold} />])} />
        </PanelPart>
      )}
      {bound !== null && <ForTask bound={bound} />}
    </>
  );
}

function Signed({ approvers, quorum, signed }: ApprovalView["progress"][number]): ReactElement {
  const names = signed.map(({ name }) => name).join(", ");
  return (
    <span className="two-lines">
      <span>
        {Math.min(signed.length, quorum)} of {quorum} signed{names !== "" && ": "}
        <ShownText text={names} />
      </span>
      <span>
        needs <ShownText text={approvers} />
      </span>
    </span>
  );
}

function ForTask({ bound }: { readonly bound: NonNullable<ApprovalView["bound"]> }): ReactElement {
  const { fixed, free, used, uses, until } = bound;
  return (
    <PanelPart title="Signed for the task">
      <Facts
        rows={[
          ["Used", `${used} of ${uses}`],
          ["Just as shown", fixed.length === 0 ? null : <ShownText key="f" text={fixed.join(", ")} />],
          ["May be anything", free.length === 0 ? null : <ShownText key="a" text={free.join(", ")} />],
          ["Until", <When key="u" at={until} />],
        ]}
      />
    </PanelPart>
  );
}
