import type { BrakeView } from "@countersign/api";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { Download, Fingerprint } from "lucide-react";
import type { ReactElement } from "react";
import { get, post } from "../../data/control-plane.ts";
import { allBrakes } from "../../data/queries.ts";
import { saveFile } from "../../data/save-file.ts";
import { CopyCommand, CopyId } from "../../parts/copy-id.tsx";
import { Facts } from "../../parts/facts.tsx";
import { ProblemNotice } from "../../parts/problem-notice.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { PanelPart, SidePanel } from "../../parts/side-panel.tsx";
import { StopProgress } from "../../parts/stop-progress.tsx";
import { When } from "../../parts/when.tsx";
import { brakeWords, byWords } from "./brake-words.ts";

/** One stop: how each point confirmed it, its receipt, and the way to lift it. */
export function BrakePanel({ id, onClose }: { readonly id: string; readonly onClose: () => void }): ReactElement {
  const reading = useInfiniteQuery(allBrakes("all"));
  const brake = reading.data?.pages.flatMap((page) => page.brakes).find((one) => one.id === id);
  const title = brake === undefined ? "Stop" : <ShownText text={brakeWords(brake)} />;
  const acts = brake?.state === "active" ? <Lift brake={brake} /> : undefined;
  return (
    <SidePanel kind="Stop" title={title} onClose={onClose} acts={acts}>
      <PanelPart title="Confirmed by">
        <StopProgress id={id} />
      </PanelPart>
      {brake !== undefined && <Details brake={brake} />}
      {brake?.progress === "stopped" && <Receipt id={id} />}
    </SidePanel>
  );
}

function Details({ brake }: { readonly brake: BrakeView }): ReactElement {
  return (
    <PanelPart title="About it">
      <Facts
        rows={[
          ["Reason", brake.reason === null ? "erased" : <ShownText key="r" text={brake.reason} />],
          ["By", byWords(brake)],
          ["When", <When key="w" at={brake.at} />],
          ["Lifted", brake.state === "thawed" ? "by a signed thaw" : null],
          ["Stop", <CopyId key="i" id={brake.id} />],
        ]}
      />
    </PanelPart>
  );
}

function Receipt({ id }: { readonly id: string }): ReactElement {
  const file = `receipt-${id}.json`;
  const save = useMutation({
    mutationFn: async () => {
      const receipt = await get<unknown>(`/v1/brakes/${encodeURIComponent(id)}`);
      saveFile(file, `${JSON.stringify(receipt, null, 2)}\n`, "application/json");
    },
  });
  const command = `countersign receipt verify ${file}`;
  return (
    <PanelPart title="Receipt">
      <p className="small soft">Signed by the control plane; names each point and what was in flight there.</p>
      <button type="button" className="button tight file-save" onClick={() => save.mutate()}>
        <Download className="icon" aria-hidden />
        Download
      </button>
      {save.error !== null && <ProblemNotice error={save.error} />}
      <CopyCommand command={command} />
    </PanelPart>
  );
}

/** A thaw loosens: it leads to the page where a passkey signs it. */
function Lift({ brake }: { readonly brake: BrakeView }): ReactElement {
  const thaw = useMutation({
    mutationFn: async () =>
      await post<{ readonly approvalId: string }>(`/v1/brakes/${encodeURIComponent(brake.id)}/thaw`),
    onSuccess: ({ approvalId }) => location.assign(`/approve/${approvalId}`),
  });
  if (brake.thawApproval !== null)
    return (
      <a className="button primary" href={`/approve/${brake.thawApproval}`}>
        <Fingerprint className="icon" aria-hidden />
        Review and sign the thaw
      </a>
    );
  return (
    <>
      {thaw.error !== null && <ProblemNotice error={thaw.error} />}
      <button type="button" className="button" disabled={thaw.isPending} onClick={() => thaw.mutate()}>
        <Fingerprint className="icon" aria-hidden />
        Thaw…
      </button>
    </>
  );
}
