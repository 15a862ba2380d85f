import {
  AppError,
  type Grant,
  type Json,
  type Kinds,
  type StateRecord,
  type TaskId,
  grantOf,
  newId,
} from "@countersign/core";
import { type Approvals, type ChangeKind, type Proposed, humanName } from "../approvals/index.ts";
import type { Kernel } from "../kernel.ts";
import type { Put } from "../store/index.ts";

type Session = StateRecord<"session">;
type Terms = Kinds["task"]["terms"];

export interface OwnTaskDraft {
  readonly id: TaskId;
  readonly terms: Terms;
}
export interface OpenOwnTask {
  readonly purpose?: string | undefined;
  readonly grants?: readonly Grant[] | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly idleSeconds?: number | undefined;
}

const LONGEST_SECONDS = 8 * 3600;
const IDLE_SECONDS = 15 * 60;
/** What a certificate alone reaches: databases. Nothing else takes a person's own task yet. */
const REACHED = "sql:";

/**
 * INV-12: nobody's scope bounds a person's own task, so its grants are signed by an administrator, for eight hours at most and no longer than
 * the session that asked. The task is there when that is signed; the person's session then attaches a key to it.
 */
export const taskOpenKind: ChangeKind = {
  act: "task.open",
  approvers: "role:admin",
  entryKind: "task",
  async build(kernel, draft: Json) {
    const { id, terms } = draft as unknown as OwnTaskDraft;
    const [human, device, session] = await Promise.all([
      kernel.store.get("human", terms.human),
      kernel.store.get("device", terms.device),
      kernel.store.get("session", terms.session ?? ""),
    ]);
    const links = [human, device, session].flatMap((link) => (link?.state.status === "active" ? [link] : []));
    if (links.length < 3 || Date.parse(terms.expiresAt) <= kernel.now())
      throw new AppError("approval.changed", {
        detail: "the person, device or session is not there any more, or the time has run out",
      });
    const task: Put = { kind: "task", id, terms, state: { status: "live", jkts: [], cause: null }, authority: null };
    const name = (await humanName(kernel, terms.human))?.name ?? "(erased)";
    return {
      bound: [task],
      also: [],
      // INV-8: all of them are still what was just looked at when the task is written.
      expect: [
        { kind: "task", id, version: 0 },
        ...links.map((link) => ({ kind: link.kind, id: link.id, version: link.version })),
      ],
      shown: {
        task: id,
        human: name,
        humanId: terms.human,
        device: (device === null ? null : await kernel.keys.openText(device.terms.name)) ?? "(erased)",
        deviceId: terms.device,
        purpose: (await kernel.keys.openText(terms.purpose)) ?? "(erased)",
        grants: terms.grants.map(grantOf),
        expiresAt: terms.expiresAt,
      },
      sentence: `let ${name} work without an agent until ${terms.expiresAt.slice(0, 16).replace("T", " ")} UTC`,
    };
  },
};

/** Work that people do themselves, under a task like any other. */
export class OwnTasks {
  private readonly kernel: Kernel;
  private readonly approvals: Approvals;

  constructor(kernel: Kernel, approvals: Approvals) {
    this.kernel = kernel;
    this.approvals = approvals;
  }

  /** Proposes a task of the session's own human; it is open when an administrator has signed it. @throws AppError `request.invalid` */
  async propose(session: Session, ask: OpenOwnTask): Promise<Proposed & { readonly id: TaskId }> {
    const { kernel, approvals } = this;
    const terms = await termsOf(kernel, session, ask);
    const id = newId("tsk", kernel.now(), kernel.random);
    const draft = { id, terms } satisfies OwnTaskDraft;
    const proposal = { act: "task.open", draft: draft as unknown as Json, resource: id, human: terms.human } as const;
    return { ...(await approvals.propose(proposal)), id };
  }
}

async function termsOf(kernel: Kernel, session: Session, ask: OpenOwnTask): Promise<Terms> {
  const { human, device, expiresAt } = session.terms;
  if (device === null)
    throw new AppError("device.unknown", { detail: "open a task from an enrolled device, with `countersign login`" });
  const { purpose, grants = [] } = ask;
  if (purpose === undefined || grants.length === 0)
    throw new AppError("request.invalid", {
      detail: "a task without an agent needs `purpose` and `grants`: nobody's scope stands behind it",
    });
  const other = grants.find(({ action }) => !action.startsWith(REACHED));
  if (other !== undefined)
    throw new AppError("request.invalid", {
      detail: `\`${other.action}\` is not for people: a task without an agent reaches databases (\`sql:<db>/<effect>\`)`,
    });
  const now = kernel.now();
  const seconds = Math.min(ask.ttlSeconds ?? LONGEST_SECONDS, LONGEST_SECONDS);
  return {
    agent: null,
    human,
    device,
    session: session.id,
    purpose: await kernel.keys.sealText(human, purpose),
    grants: grants.map(grantOf),
    openedAt: new Date(now).toISOString(),
    expiresAt: new Date(Math.min(now + seconds * 1000, Date.parse(expiresAt))).toISOString(),
    idleSeconds: Math.min(ask.idleSeconds ?? IDLE_SECONDS, LONGEST_SECONDS),
    runtime: null,
  };
}
