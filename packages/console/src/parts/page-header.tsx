import type { ReactElement, ReactNode } from "react";

export interface PageHeaderProps {
  readonly title: ReactNode;
  /** One line below the title. */
  readonly lead?: ReactNode;
  /** What can be done, on the right. */
  readonly children?: ReactNode;
}

export function PageHeader({ title, lead, children }: PageHeaderProps): ReactElement {
  return (
    <header className="page-header">
      <div>
        <h1>{title}</h1>
        {lead !== undefined && <p className="soft">{lead}</p>}
      </div>
      {children !== undefined && <div className="page-acts">{children}</div>}
    </header>
  );
}
