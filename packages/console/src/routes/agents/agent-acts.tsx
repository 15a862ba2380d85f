import type { AgentView } from "@countersign/api";
import { useMutation } from "@tanstack/react-query";
import { Archive, Pause, Play } from "lucide-react";
import { type ReactElement, useState } from "react";
import { post } from "../../data/control-plane.ts";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { counted } from "../../parts/counted.ts";

type Stop = "suspend" | "retire";

/** Suspending and retiring are done at once; reinstating loosens, so it leads to a signature (INV-12). */
export function AgentActs({ agent }: { readonly agent: AgentView }): ReactElement {
  const [asking, setAsking] = useState<Stop | null>(null);
  const reinstate = useMutation({
    mutationFn: async () => await post<{ readonly approvalId: string }>(`/v1/agents/${agent.id}/reinstate`),
    onSuccess: ({ approvalId }) => location.assign(`/approve/${approvalId}`),
  });
  return (
    <>
      {agent.status === "suspended" && (
        <button type="button" className="button" disabled={reinstate.isPending} onClick={() => reinstate.mutate()}>
          <Play className="icon" aria-hidden />
          Reinstate
        </button>
      )}
      {agent.status === "active" && (
        <button type="button" className="button" onClick={() => setAsking("suspend")}>
          <Pause className="icon" aria-hidden />
          Suspend
        </button>
      )}
      {agent.status !== "retired" && (
        <button type="button" className="button" onClick={() => setAsking("retire")}>
          <Archive className="icon" aria-hidden />
          Retire
        </button>
      )}
      {asking !== null && <StopAgent agent={agent} act={asking} onClose={() => setAsking(null)} />}
    </>
  );
}

interface StopAgentProps {
  readonly agent: AgentView;
  readonly act: Stop;
  readonly onClose: () => void;
}

function StopAgent({ agent: { id, name, liveTasks }, act, onClose }: StopAgentProps): ReactElement {
  const stop = useMutation({ mutationFn: async () => await post(`/v1/agents/${id}/${act}`), onSuccess: onClose });
  const word = act === "suspend" ? "Suspend" : "Retire";
  return (
    <ConfirmDialog title={`${word} ${name}`} act={`${word} the agent`} mutation={stop} onClose={onClose}>
      Ends {counted(liveTasks, "live task")} of <b>{name}</b> at once; it opens no other one.{" "}
      {act === "suspend" ? "Its owner can sign to reinstate it." : "A retired agent does not come back."}
    </ConfirmDialog>
  );
}
