import { Modal } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";
import { ProblemNotice } from "./problem-notice.tsx";

export interface ConfirmDialogProps {
  readonly title: string;
  /** Word of the button that does it. */
  readonly act: string;
  readonly mutation: { readonly mutate: () => void; readonly isPending: boolean; readonly error: Error | null };
  readonly onClose: () => void;
  /** What happens, with names and counts. */
  readonly children: ReactNode;
}

/** Asks once before something is done that another signature would have to undo. */
export function ConfirmDialog({ title, act, mutation, onClose, children }: ConfirmDialogProps): ReactElement {
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      lockScroll={false}
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <div className="dialog">
        <p>{children}</p>
        {mutation.error !== null && <ProblemNotice error={mutation.error} />}
        <div className="dialog-acts">
          <button type="button" className="button" onClick={onClose} data-autofocus>
            Cancel
          </button>
          <button
            type="button"
            className="button danger"
            disabled={mutation.isPending}
            onClick={() => mutation.mutate()}
          >
            {act}
          </button>
        </div>
      </div>
    </Modal>
  );
}
