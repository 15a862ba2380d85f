import { Modal } from "@mantine/core";
import type { StopPreview } from "@countersign/api";
import type { BrakeScope } from "@countersign/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { OctagonX } from "lucide-react";
import { type ReactElement, type ReactNode, useState } from "react";
import { post } from "../data/control-plane.ts";
import { stopPreview } from "../data/queries.ts";
import { counted } from "./counted.ts";
import { ProblemNotice } from "./problem-notice.tsx";
import { StopProgress } from "./stop-progress.tsx";

export interface StopDialogProps {
  readonly kind: "freeze" | "sever";
  /** Null: not chosen yet. */
  readonly scope: BrakeScope | null;
  readonly title: string;
  /** What it does, with the names of what it reaches. */
  readonly children: ReactNode;
  readonly onClose: () => void;
  /** What can be done once it is on its way. */
  readonly after?: (id: string) => ReactNode;
}

/** Asks once, with names and counts, then shows the stop as each point confirms it. */
export function StopDialog(props: StopDialogProps): ReactElement {
  const { kind, scope, title, onClose } = props;
  const begin = useMutation({
    mutationFn: async (reason: string) =>
      await post<{ readonly id: string }>("/v1/brakes", { kind, scope, reason, wait: false }),
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      lockScroll={false}
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {begin.data === undefined ? (
        <Asking {...props} onBegin={begin.mutate} isPending={begin.isPending} error={begin.error} />
      ) : (
        <div className="dialog">
          <StopProgress id={begin.data.id} />
          {props.after?.(begin.data.id)}
          <div className="dialog-acts">
            <button type="button" className="button" onClick={onClose}>
              Close
            </button>
          </div>
        </div>
      )}
    </Modal>
  );
}

const NOTHING: BrakeScope = { type: "resource", value: "" };

interface AskingProps extends StopDialogProps {
  readonly onBegin: (reason: string) => void;
  readonly isPending: boolean;
  readonly error: Error | null;
}

function Asking({ kind, scope, children, onClose, onBegin, isPending, error }: AskingProps): ReactElement {
  const [reason, setReason] = useState("");
  const preview = useQuery({ ...stopPreview(scope ?? NOTHING), enabled: scope !== null }).data;
  return (
    <form
      className="dialog"
      onSubmit={(event) => {
        event.preventDefault();
        onBegin(reason);
      }}
    >
      <div>{children}</div>
      {scope !== null && preview !== undefined && <p className="soft">{reaches(preview)}</p>}
      <label className="field">
        <span>Reason</span>
        <input
          className="input"
          data-autofocus
          required
          maxLength={500}
          placeholder="Whoever reads the ledger sees it"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
      </label>
      {error !== null && <ProblemNotice error={error} />}
      <div className="dialog-acts">
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button danger" disabled={isPending || scope === null || reason.trim() === ""}>
          <OctagonX className="icon" aria-hidden />
          {kind === "sever" ? "Sever now" : "Freeze now"}
        </button>
      </div>
    </form>
  );
}

function reaches({ agents, tasks, held, points }: StopPreview): string {
  const parts = [counted(tasks, "live task"), counted(agents, "agent"), counted(held, "held call")];
  return `Reaches ${parts.join(", ")}; ${counted(points, "enforcement point")} must confirm.`;
}
