import type { Named, TaskView } from "@countersign/api";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { OctagonX, Power } from "lucide-react";
import { type ReactElement, useState } from "react";
import { post } from "../../data/control-plane.ts";
import { task } from "../../data/queries.ts";
import { Chain } from "../../parts/chain.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { CopyId } from "../../parts/copy-id.tsx";
import { Facts } from "../../parts/facts.tsx";
import { Grants } from "../../parts/grants.tsx";
import { LastAction } from "../../parts/last-action.tsx";
import { ProblemNotice } from "../../parts/problem-notice.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { PanelPart, SidePanel } from "../../parts/side-panel.tsx";
import { StateBadge } from "../../parts/state-badge.tsx";
import { StopDialog } from "../../parts/stop-dialog.tsx";
import { When } from "../../parts/when.tsx";
import { TASK_STATES } from "./task-states.ts";

export function TaskPanel({ id, onClose }: { readonly id: string; readonly onClose: () => void }): ReactElement {
  const { data, error, refetch } = useQuery(task(id));
  const [asking, setAsking] = useState<"end" | "sever" | null>(null);
  const close = (): void => setAsking(null);
  return (
    <SidePanel
      kind="Task"
      title={<ShownText text={data?.purpose ?? "Task"} />}
      onClose={onClose}
      acts={
        data?.status === "live" ? (
          <>
            <button type="button" className="button danger" onClick={() => setAsking("sever")}>
              <OctagonX className="icon" aria-hidden />
              Sever
            </button>
            <button type="button" className="button" onClick={() => setAsking("end")}>
              <Power className="icon" aria-hidden />
              End
            </button>
          </>
        ) : undefined
      }
    >
      {error !== null && <ProblemNotice error={error} onRetry={() => void refetch()} />}
      {data !== undefined && <Details task={data} />}
      {data !== undefined && asking === "end" && <EndDialog task={data} onClose={close} />}
      {data !== undefined && asking === "sever" && (
        <StopDialog kind="sever" scope={{ type: "task", value: id }} title="Sever this task" onClose={close}>
          <p>
            {data.agent === null ? (
              <>
                Ends what <b>{data.names.human}</b> does at once, everywhere.
              </>
            ) : (
              <>
                Ends what <b>{data.names.agent}</b> does for <b>{data.names.human}</b> at once, everywhere. The agent
                opens no other task until its owner signs.
              </>
            )}
          </p>
        </StopDialog>
      )}
    </SidePanel>
  );
}

function EndDialog({
  task: { id, names },
  onClose,
}: {
  readonly task: TaskView;
  readonly onClose: () => void;
}): ReactElement {
  const end = useMutation({ mutationFn: async () => await post(`/v1/tasks/${id}/end`), onSuccess: onClose });
  return (
    <ConfirmDialog title="End this task" act="End the task" mutation={end} onClose={onClose}>
      <b>{names.agent ?? names.human}</b> loses the rights of this task. It may open another one; to prevent that, sever
      it.
    </ConfirmDialog>
  );
}

function Details({ task: view }: { readonly task: TaskView }): ReactElement {
  const { names } = view;
  return (
    <>
      <PanelPart title="Who stands behind it">
        <Chain
          human={named(view.human, names.human)}
          device={named(view.device, names.device)}
          agent={view.agent === null ? null : named(view.agent, names.agent)}
          task={named(view.id, names.task)}
        />
      </PanelPart>
      <PanelPart title="Now">
        <Now task={view} />
      </PanelPart>
      <PanelPart title="May do">
        <Grants grants={view.grants} />
      </PanelPart>
      <PanelPart title="More">
        <Facts
          rows={[
            [
              "Agent",
              view.agent === null ? (
                "none: a person's own work"
              ) : (
                <Link key="a" to="/agents/$id" params={{ id: view.agent }}>
                  Chain of intent of {names.agent}
                </Link>
              ),
            ],
            ["Task", <CopyId key="i" id={view.id} />],
          ]}
        />
      </PanelPart>
    </>
  );
}

function Now({ task: view }: { readonly task: TaskView }): ReactElement {
  return (
    <Facts
      rows={[
        ["State", <StateBadge key="s" {...TASK_STATES[view.status]} />],
        ["Because", view.cause],
        ["Last action", <LastAction key="l" last={view.last} />],
        ["Rate", `${view.perMinute} in the last minute`],
        [
          "Held calls",
          view.held > 0 ? (
            <Link key="h" to="/approvals" search={{ q: view.names.agent ?? "" }}>
              {view.held}
            </Link>
          ) : (
            "none"
          ),
        ],
        ["Opened", <When key="o" at={view.openedAt} />],
        [view.status === "live" ? "Ends" : "Would have ended", <When key="e" at={view.expiresAt} />],
        [
          "Program",
          view.executable === null ? null : (
            <span key="p" className="mono small">
              {view.executable}
            </span>
          ),
        ],
      ]}
    />
  );
}

function named(id: string, name: string | null): Named {
  return { id, name: name ?? id };
}
