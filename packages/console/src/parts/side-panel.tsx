import { X } from "lucide-react";
import { type ReactElement, type ReactNode, useEffect, useRef } from "react";
import { useKey } from "../shell/keys.ts";

export interface SidePanelProps {
  /** What it is about; moves the focus when it changes on a narrow screen, where the panel is all there is. */
  readonly title: ReactNode;
  readonly kind: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** What can be done, always in sight. */
  readonly acts?: ReactNode;
}

/** One thing of a list, beside the list. */
export function SidePanel({ title, kind, onClose, children, acts }: SidePanelProps): ReactElement {
  const heading = useRef<HTMLHeadingElement>(null);
  useKey("Escape", onClose);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <aside className="panel" aria-label={kind}>
      <header className="panel-head">
        <p className="panel-kind">{kind}</p>
        <button type="button" className="button plain tight icon-only" aria-label="Close the panel" onClick={onClose}>
          <X className="icon" aria-hidden />
        </button>
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
      </header>
      <div className="panel-body">{children}</div>
      {acts !== undefined && <footer className="panel-acts">{acts}</footer>}
    </aside>
  );
}

/** A part of a panel with its heading. */
export function PanelPart({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactElement {
  return (
    <section className="panel-part">
      <h3>{title}</h3>
      {children}
    </section>
  );
}
