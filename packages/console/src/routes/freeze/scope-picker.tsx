import type { BrakeScope } from "@countersign/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { agents, devices, humans, tasks } from "../../data/queries.ts";

type ScopeType = BrakeScope["type"];

/** A scope as far as it is chosen. */
export interface ScopeChoice {
  readonly type: ScopeType;
  readonly value: string;
}
export const EVERYTHING: ScopeChoice = { type: "all", value: "*" };

/** The scope once it names something. */
export function chosen({ type, value }: ScopeChoice): BrakeScope | null {
  return value.trim() === "" ? null : { type, value: value.trim() };
}

const TYPES: readonly (readonly [type: ScopeType, name: string])[] = [
  ["all", "Everything"],
  ["agent", "One agent"],
  ["owner", "All agents of a person"],
  ["device", "All that acts from a device"],
  ["task", "One task"],
  ["resource", "All that touches a resource"],
];

export interface ScopePickerProps {
  readonly choice: ScopeChoice;
  readonly onChoose: (choice: ScopeChoice) => void;
}

/** What is to be stopped: exactly one scope, by name. */
export function ScopePicker({ choice, onChoose }: ScopePickerProps): ReactElement {
  return (
    <div className="scope">
      <label className="field">
        <span>What to freeze</span>
        <select
          className="input"
          value={choice.type}
          onChange={({ currentTarget: { value } }) =>
            onChoose(value === "all" ? EVERYTHING : { type: value as ScopeType, value: "" })
          }
        >
          {TYPES.map(([type, name]) => (
            <option key={type} value={type}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {choice.type === "resource" && <ResourceField choice={choice} onChoose={onChoose} />}
      {choice.type !== "all" && choice.type !== "resource" && <NamedField choice={choice} onChoose={onChoose} />}
    </div>
  );
}

function ResourceField({ choice, onChoose }: ScopePickerProps): ReactElement {
  return (
    <label className="field">
      <span>Resource or pattern</span>
      <input
        className="input mono"
        required
        maxLength={1024}
        placeholder="file:/srv/records/**"
        value={choice.value}
        onChange={({ currentTarget: { value } }) => onChoose({ type: "resource", value })}
      />
    </label>
  );
}

function NamedField({ choice, onChoose }: ScopePickerProps): ReactElement {
  const named = useNamed(choice.type);
  return (
    <label className="field">
      <span>Which</span>
      <select
        className="input"
        required
        value={choice.value}
        onChange={({ currentTarget: { value } }) => onChoose({ type: choice.type, value })}
      >
        <option value="">Choose…</option>
        {named.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What a scope of this type can name. */
function useNamed(type: ScopeType): readonly { readonly id: string; readonly name: string }[] {
  const agentPages = useInfiniteQuery({ ...agents("active"), enabled: type === "agent" }).data?.pages ?? [];
  const people = useQuery({ ...humans, enabled: type === "owner" }).data ?? [];
  const machines = useQuery({ ...devices, enabled: type === "device" }).data ?? [];
  const taskPages = useInfiniteQuery({ ...tasks({ status: "live" }), enabled: type === "task" }).data?.pages ?? [];
  switch (type) {
    case "agent":
      return agentPages.flatMap((page) => page.agents);
    case "owner":
      return people.map(({ id, name }) => ({ id, name: name ?? id }));
    case "device":
      return machines.map(({ id, name, ownerName }) => ({
        id,
        name: [name ?? id, ownerName].filter(Boolean).join(" · "),
      }));
    case "task":
      return taskPages.flatMap((page) =>
        page.tasks.map(({ id, names, purpose }) => ({ id, name: `${names.agent ?? "agent"}: ${purpose ?? id}` })),
      );
    case "all":
    case "resource":
      return [];
    default:
      return type satisfies never;
  }
}
