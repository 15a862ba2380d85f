import { Popover } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ShieldAlert, ShieldCheck } from "lucide-react";
import type { ReactElement } from "react";
import { points } from "../data/queries.ts";
import { LeaseBadge } from "../parts/lease-badge.tsx";

/** How many enforcement points hold their lease: those that do not deny everything. */
export function PointsHealth(): ReactElement | null {
  const { data } = useQuery(points);
  if (data === undefined) return null;
  const expected = data.filter(({ lease }) => lease !== "none");
  const lost = expected.filter(({ lease }) => lease === "lost").length;
  const Icon = lost === 0 && expected.length > 0 ? ShieldCheck : ShieldAlert;
  const words =
    expected.length === 0
      ? "no point"
      : lost === 0
        ? `${expected.length} of ${expected.length} enforcing`
        : `${lost} lease lost`;
  return (
    <Popover position="bottom-end" width={300}>
      <Popover.Target>
        <button
          type="button"
          className="button plain health"
          data-lost={lost > 0 || expected.length === 0 ? "" : undefined}
        >
          <Icon className="icon" aria-hidden />
          <span className="number">{words}</span>
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Enforcement points">
        <h2>Enforcement points</h2>
        <ul className="health-list">
          {data.map(({ id, name, lease }) => (
            <li key={id}>
              <span>{name}</span>
              <LeaseBadge lease={lease} />
            </li>
          ))}
        </ul>
        <p className="soft small">A point without a valid lease denies everything.</p>
      </Popover.Dropdown>
    </Popover>
  );
}
