import { type JsonObject, canonicalJson, isJsonObject, parseJson } from "@countersign/core";

export const GRANT_COMMENT = "grants";
export const TASK_COMMENT = "task";
/** What stands beside a role in the catalogue: whose it is, for whoever sweeps, and for people. Anybody who reaches the server can read it. */
export interface GrantComment {
  readonly kind: typeof GRANT_COMMENT;
  readonly upstream: string;
  /** `placeDigest`: one server may hold several databases, and roles of several installations. */
  readonly place: string;
}
export interface TaskComment {
  readonly kind: typeof TASK_COMMENT;
  readonly upstream: string;
  readonly place: string;
  readonly point: string;
  readonly task: string;
  readonly agent: string;
  readonly human: string;
}
export type RoleComment = GrantComment | TaskComment;

const MARK = "countersign ";

export function commentOf(comment: RoleComment): string {
  return `${MARK}${canonicalJson(comment)}`;
}

/** Null: it was not written by us. */
export function readComment(text: unknown): RoleComment | null {
  if (!isText(text) || !text.startsWith(MARK)) return null;
  const parsed = parseJson(text.slice(MARK.length), { sizeBytes: 4096, depth: 4 });
  if (!parsed.ok || !isJsonObject(parsed.value)) return null;
  const { kind, upstream, place } = parsed.value;
  if (!isText(upstream) || !isText(place)) return null;
  if (kind === GRANT_COMMENT) return { kind, upstream, place };
  return kind === TASK_COMMENT ? ofTask(parsed.value, { kind, upstream, place }) : null;
}

function ofTask(
  { point, task, agent, human }: JsonObject,
  rest: Pick<TaskComment, "kind" | "upstream" | "place">,
): TaskComment | null {
  if (!isText(point) || !isText(task) || !isText(agent) || !isText(human)) return null;
  return { ...rest, point, task, agent, human };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
