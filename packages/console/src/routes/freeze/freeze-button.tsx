import { Link } from "@tanstack/react-router";
import { Snowflake } from "lucide-react";
import { type ReactElement, useState } from "react";
import { StopDialog } from "../../parts/stop-dialog.tsx";
import { useKey } from "../../shell/keys.ts";
import { EVERYTHING, type ScopeChoice, ScopePicker, chosen } from "./scope-picker.tsx";

/** Freeze, on every page: asks for scope and reason, then shows each point confirm. */
export function FreezeButton(): ReactElement {
  const [asking, setAsking] = useState(false);
  useKey("f", () => setAsking(true));
  return (
    <>
      <button type="button" className="button" onClick={() => setAsking(true)}>
        <Snowflake className="icon" aria-hidden />
        Freeze
      </button>
      {asking && <FreezeDialog onClose={() => setAsking(false)} />}
    </>
  );
}

function FreezeDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const [choice, setChoice] = useState<ScopeChoice>(EVERYTHING);
  return (
    <StopDialog
      kind="freeze"
      scope={chosen(choice)}
      title="Freeze"
      onClose={onClose}
      after={(id) => (
        <p>
          <Link to="/freeze" search={{ id }} onClick={onClose}>
            Receipt and thaw
          </Link>
        </p>
      )}
    >
      <p>
        No agent starts anything new in this scope, at no enforcement point, until a thaw is signed. It needs no
        passkey.
      </p>
      <ScopePicker choice={choice} onChoose={setChoice} />
    </StopDialog>
  );
}
