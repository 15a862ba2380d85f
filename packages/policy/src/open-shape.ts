import type { OpenNode } from "./open-types.ts";
import type { CedarType } from "./schema.ts";

/**
 * The record type that fits every use of an open record, each member optional, so that the checker asks for a `has` before each access.
 * Null when no one type fits: a member is used in two ways, or in a way that leaves its type open.
 */
export function shapeOf(node: OpenNode): CedarType | null {
  if (node.unknown || node.types.size > 0) return null;
  const attributes: [string, CedarType & { required: boolean }][] = [];
  for (const [name, member] of node.members) {
    const type = typeOfMember(member);
    if (type === null) return null;
    attributes.push([name, { ...type, required: false }]);
  }
  return { type: "Record", attributes: Object.fromEntries(attributes) };
}

function typeOfMember(member: OpenNode): CedarType | null {
  if (member.unknown) return null;
  if (member.members.size > 0) return shapeOf(member);
  const [type, second] = member.types.values();
  if (second !== undefined) return null;
  return type ?? { type: "String" };
}

/** One node with the uses of both; for checking many policies in one go. */
export function mergeNodes(a: OpenNode, b: OpenNode): OpenNode {
  const members = new Map(a.members);
  for (const [name, member] of b.members) {
    const known = members.get(name);
    members.set(name, known === undefined ? member : mergeNodes(known, member));
  }
  return { types: new Map([...a.types, ...b.types]), unknown: a.unknown || b.unknown, members };
}
