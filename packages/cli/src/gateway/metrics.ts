import type { EnforcementPoint, RemoteControlPlane, Spool } from "@countersign/enforce";

/** What `/metrics` of a gateway tells, in the text form of Prometheus: read when it is asked for. */
export function gatewayMetrics({
  point,
  spool,
  remote,
}: {
  readonly point: EnforcementPoint;
  readonly spool: Spool;
  readonly remote: RemoteControlPlane;
}): string {
  const figures: readonly (readonly [string, string, number])[] = [
    ["lease_valid", "1 while this point may permit anything", point.lease.valid() ? 1 : 0],
    ["linked", "1 while a server answers this point", remote.server() === null ? 0 : 1],
    ["applied_version", "number of the last commit that is applied here", point.replica.version],
    ["tasks_known", "tasks whose chains are held here", [...point.replica.all("task")].length],
    ["spool_frames", "frames of the spool that are not merged yet", spool.length],
  ];
  return figures
    .map(
      ([name, help, value]) =>
        `# HELP countersign_gateway_${name} ${help}\n# TYPE countersign_gateway_${name} gauge\ncountersign_gateway_${name} ${String(value)}\n`,
    )
    .join("");
}
