import type { AnyRecord, BrakeScope, Countersignature, Kind } from "@countersign/core";

/** A record by name. */
export interface RecordRef {
  readonly kind: Kind;
  readonly id: string;
}
/** `<kind> <id>` */
export type RecordKey = `${Kind} ${string}`;

export const keyOf = ({ kind, id }: RecordRef): RecordKey => `${kind} ${id}`;

export function refOf(key: RecordKey): RecordRef {
  const space = key.indexOf(" ");
  return { kind: key.slice(0, space) as Kind, id: key.slice(space + 1) };
}

/** Kinds that every point holds whole (ADR 0007). Of the others it holds what the tasks need that it serves. */
export const EVERYWHERE: ReadonlySet<Kind> = new Set<Kind>(["root", "settings", "policy", "upstream", "brake"]);

/**
 * What must be known beside a record to believe it and to decide by it: who signed it, and for a link of a chain the links behind it. A point
 * and the control plane follow the same arrows, so that what a point holds is always a part of what it is told about.
 */
export function needsOf(record: AnyRecord): readonly RecordRef[] {
  return [...(record.kind === "brake" ? [] : signersOf(record)), ...linksOf(record)];
}

/** What must be seen once to believe a record, and needs not be kept: who lifted a stop, and whose it was to lift. */
export function proofOf(record: AnyRecord): readonly RecordRef[] {
  if (record.kind !== "brake" || record.state.status !== "thawed") return [];
  return [...signersOf(record), ...subjectOf(record.terms.scope)];
}

/** The person and the passkey whose signature stands under a record. */
export function signersOf({ authority }: Pick<AnyRecord, "authority">): readonly RecordRef[] {
  return authority === null || authority === "genesis" ? [] : signerOf(authority);
}

function signerOf({ signed, assertion }: Pick<Countersignature, "signed" | "assertion">): readonly RecordRef[] {
  return [
    { kind: "human", id: signed.approver },
    { kind: "passkey", id: assertion.id },
  ];
}

function linksOf(record: AnyRecord): readonly RecordRef[] {
  if (record.kind === "task") {
    const { agent, device, human, mandate } = record.terms;
    const links = { agent, device, posture: device, human, mandate };
    return Object.entries(links).flatMap(([kind, id]) =>
      id === undefined || id === null ? [] : [{ kind: kind as Kind, id }],
    );
  }
  if (record.kind === "agent" || record.kind === "device") return [{ kind: "human", id: record.terms.owner }];
  if (record.kind === "mandate") {
    const { agent, owner, device } = record.terms;
    return [
      { kind: "agent", id: agent },
      { kind: "human", id: owner },
      { kind: "device", id: device },
    ];
  }
  return record.kind === "approval" ? record.state.answers.flatMap(signerOf) : [];
}

function subjectOf({ type, value }: BrakeScope): readonly RecordRef[] {
  switch (type) {
    case "agent":
    case "device":
    case "task":
      return [{ kind: type, id: value }];
    case "owner":
      return [{ kind: "human", id: value }];
    case "all":
    case "resource":
      return [];
    default:
      return type satisfies never;
  }
}
