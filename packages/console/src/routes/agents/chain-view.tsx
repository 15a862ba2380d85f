import type { Act, AgentView } from "@countersign/api";
import { Link } from "@tanstack/react-router";
import { Bot, Laptop, ListTodo, type LucideIcon, UserRound } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { DecisionBadge } from "../../parts/decision-badge.tsx";
import { ShownText } from "../../parts/shown-text.tsx";
import { When } from "../../parts/when.tsx";
import { type ActGroup, chainOfIntent } from "./chain-of-intent.ts";

export interface ChainViewProps {
  readonly agent: AgentView;
  readonly acts: readonly Act[];
}

/** Human → device → agent → task → action, left to right; on a narrow screen from top to bottom. Nested lists, so it reads the same without eyes. */
export function ChainView({ agent, acts }: ChainViewProps): ReactElement {
  return (
    <div className="intent">
      <ol className="intent-heads" aria-hidden="true">
        {["Human", "Device", "Agent", "Task", "Action"].map((head) => (
          <li key={head}>{head}</li>
        ))}
      </ol>
      <ul className="intent-tree">
        {chainOfIntent(acts).map(({ human, humanName, device, deviceName, tasks }) => (
          <Branch
            key={`${human} ${device}`}
            node={<Node kind="human" icon={UserRound} name={humanName ?? human ?? "nobody"} />}
          >
            <Branch node={<Node kind="device" icon={Laptop} name={deviceName ?? device ?? "none"} />}>
              <Branch node={<Node kind="agent" icon={Bot} name={agent.name} />}>
                {tasks.map(({ task, purpose, groups, newestAt }) => (
                  <Branch key={task} node={<TaskNode task={task} purpose={purpose} at={newestAt} />}>
                    {groups.map((group) => (
                      <Branch key={group.key} node={<ActNode group={group} />} />
                    ))}
                  </Branch>
                ))}
              </Branch>
            </Branch>
          </Branch>
        ))}
      </ul>
    </div>
  );
}

/** A node and what follows from it. */
function Branch({ node, children }: { readonly node: ReactNode; readonly children?: ReactNode }): ReactElement {
  return (
    <li className="branch">
      {node}
      {children !== undefined && <ul>{children}</ul>}
    </li>
  );
}

interface NodeProps {
  readonly kind: string;
  readonly icon: LucideIcon;
  readonly name: string;
}

function Node({ kind, icon: Icon, name }: NodeProps): ReactElement {
  return (
    <span className="node">
      <Icon className="icon" aria-hidden />
      <span className="two-lines">
        <span>
          <ShownText text={name} />
        </span>
        <span>{kind}</span>
      </span>
    </span>
  );
}

interface TaskNodeProps {
  readonly task: string | null;
  readonly purpose: string | null;
  readonly at: string;
}

function TaskNode({ task, purpose, at }: TaskNodeProps): ReactElement {
  if (task === null) return <Node kind="no task was open" icon={ListTodo} name="none" />;
  return (
    <Link className="node" to="/tasks" search={{ id: task }}>
      <ListTodo className="icon" aria-hidden />
      <span className="two-lines">
        <span className="cut">
          <ShownText text={purpose ?? task} />
        </span>
        <span>
          last acted <When at={at} />
        </span>
      </span>
    </Link>
  );
}

function ActNode({ group: { newest, times } }: { readonly group: ActGroup }): ReactElement {
  return (
    <Link className="node act" data-result={newest.decision?.result} to="/ledger" search={{ id: newest.id }}>
      <span className="node-top">
        <DecisionBadge result={newest.decision?.result ?? "permit"} outcome={newest.outcome} />
        {newest.decision !== null && newest.decision.code !== null && (
          <span className="node-code mono">{newest.decision.code}</span>
        )}
        {times > 1 && <span className="node-code number">{times} times</span>}
      </span>
      <span className="two-lines">
        <span className="mono">
          <ShownText text={newest.action ?? ""} />
        </span>
        <span className="mono cut">{newest.resource !== null && <ShownText text={newest.resource} />}</span>
      </span>
    </Link>
  );
}
