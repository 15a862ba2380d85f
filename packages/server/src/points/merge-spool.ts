import {
  AppError,
  type Json,
  type LedgerEntry,
  type PointId,
  type StateRecord,
  type TaskId,
  canonicalJson,
} from "@countersign/core";
import type { EntryDraft, Merged, SpoolRun } from "@countersign/enforce";
import { draftOf } from "@countersign/ledger";
import { type Kernel, serverEntry } from "../kernel.ts";
import type { Commit } from "../store/index.ts";
import { type CheckedFrame, type RunFault, chain, checkRun, faultIn } from "./check-run.ts";
import { sealedDisclosure } from "./sealed-disclosure.ts";
import { isChainOf, isServable } from "./servable.ts";
import { type SpoolRecord, moved, signedPart } from "./spool-place.ts";

type Refused = Extract<Merged, { ok: false }>["code"];
/** An entry that the ledger has already: the control plane recorded it, and its answer was lost. */
interface Present {
  readonly seq: number;
  /** Its place in the frame. */
  readonly at: number;
  readonly id: string;
  /** base64url: the digest that stands for it in the chain. */
  readonly digest: string;
}
interface Merging {
  readonly run: SpoolRun;
  readonly frames: readonly CheckedFrame[];
  readonly known: SpoolRecord | null;
}

/** Tries against others who merge the same spool or record the same entry. */
const MOST_TRIES = 5;
const MOST_TASKS = 10_000;

/**
 * Takes runs of frames of points' spools into the ledger (ADR 0007, docs/protocol/points/spool.md): entries, salts, arguments, the place up to
 * which was merged and the signature over it, in one commit. A run that contradicts what was merged, or holds what may not be spooled, is
 * recorded as what it is, and nothing more of that spool is merged.
 */
export class SpoolMerge {
  private readonly kernel: Kernel;
  /** Those that were looked up: whom their terms name never changes. */
  private readonly tasks = new Map<TaskId, StateRecord<"task">>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  async merge(run: SpoolRun): Promise<Merged> {
    const { store } = this.kernel;
    const point = await store.get("point", run.point);
    if (point === null || point.state.status === "removed") return refused("point.unknown");
    const frames = checkRun(run, point.terms.jkt);
    if (frames === null) return refused("spool.unsigned");
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const merging = { run, frames, known: await store.get("spool", run.point) };
      const done = await this.attempt(merging);
      if (done !== null) return done;
    }
    throw new AppError("ledger.unavailable", { detail: "others changed the same entries; the run is sent again" });
  }

  /** Null when somebody else was faster. */
  private async attempt(merging: Merging): Promise<Merged | null> {
    const { frames, known } = merging;
    if (known?.state.status === "stopped") return refused("spool.stopped");
    const place = await this.placeOf(merging);
    if (place === "merged") return { ok: true, seq: known?.state.seq ?? 0, hash: known?.state.hash ?? "" };
    if (place !== "next") return await this.stop(merging, place, null);
    const fault = faultIn(frames);
    if (fault !== null) return await this.stop(merging, "spool.refused", fault);
    const present: Present[] = [];
    for (const frame of frames) {
      const found = await this.compare(frame, merging);
      if ("why" in found) return await this.stop(merging, "spool.refused", found);
      present.push(...found.present);
    }
    return await this.take(merging, present);
  }

  /** Where a run stands: right behind what was merged, within it, or in contradiction to it. */
  private async placeOf(merging: Merging): Promise<"next" | "merged" | Refused> {
    const { run, frames, known } = merging;
    const { point, spool, from, prev } = run;
    const first = from === 1 && prev === textOf(chain.begin({ point, spool }));
    if (known === null) return first ? "next" : from === 1 ? "spool.forked" : "spool.gap";
    if (spool === known.state.spool) return await this.placeAfter(known.state, merging);
    // An emptied data directory begins another spool; what an older one held does not come again.
    if (!first) return "spool.forked";
    return (await this.isThere(frames[0])) ? "merged" : "next";
  }

  private async placeAfter(
    { seq, hash }: SpoolRecord["state"],
    { run: { from, to, prev }, frames }: Merging,
  ): Promise<"next" | "merged" | Refused> {
    if (from > seq + 1) return "spool.gap";
    if (from === seq + 1) return prev === hash ? "next" : "spool.forked";
    const same = to >= seq ? frames[seq - from]?.hash === hash : await this.isThere(frames.at(-1));
    return same ? "merged" : "spool.forked";
  }

  /** Whether the ledger has this very frame. */
  private async isThere(frame: CheckedFrame | undefined): Promise<boolean> {
    for (const { id } of frame?.entries ?? []) {
      const entry = await this.entry(id);
      if (entry?.spool !== undefined) return entry.spool.seq === frame?.seq && entry.spool.hash === frame.hash;
    }
    return false;
  }

  /** What of a frame the ledger has already; a fault when that is something else, or when an outcome has no intent. */
  private async compare(frame: CheckedFrame, merging: Merging): Promise<{ present: Present[] } | RunFault> {
    const { seq, entries } = frame;
    const present: Present[] = [];
    for (const [at, draft] of entries.entries()) {
      const foreign = await this.foreignTo(draft, merging.run.point);
      if (foreign !== null) return { seq, draft, why: foreign };
      if (draft.kind !== "action.outcome") continue;
      const fault = await this.intentFault(draft, merging);
      if (fault !== null) return { seq, draft, why: fault };
      const there = draft.effect === "read" ? null : await this.entry(draft.id);
      if (there === null) continue;
      if (canonicalJson(draftOf(there)) !== canonicalJson(draft))
        return { seq, draft, why: "the ledger has another entry under its id" };
      present.push({ seq, at, id: draft.id, digest: textOf(chain.digest(draft)) });
    }
    return { present };
  }

  /**
   * INV-11: a point speaks for tasks as they are, or for nobody. The task may have ended since, and the point may have dropped it long ago; but
   * of one whose credentials were never for this point it can only say that it refused them. Null: it may say this.
   */
  private async foreignTo({ kind, chain: said }: EntryDraft, point: PointId): Promise<string | null> {
    const { task } = said;
    const known = task === null ? null : (this.tasks.get(task) ?? (await this.task(task)));
    if (!isChainOf(said, known)) return "its chain is not that of its task";
    if (known === null || kind === "decision" || isServable(known, point)) return null;
    // Which gateways a task is for only grows: what is remembered of it may be too little, and never too much.
    const now = await this.task(known.id);
    return now !== null && isServable(now, point) ? null : "its task is not for this point";
  }

  private async task(id: TaskId): Promise<StateRecord<"task"> | null> {
    const found = await this.kernel.store.get("task", id);
    if (this.tasks.size >= MOST_TASKS) this.tasks.clear();
    if (found !== null) this.tasks.set(id, found);
    return found;
  }

  private async intentFault(
    { intent, effect }: EntryDraft,
    { run: { point }, frames }: Merging,
  ): Promise<string | null> {
    const isIntent = (draft: EntryDraft): boolean => draft.kind === "action.intent" && draft.intent === intent;
    const here = frames.some(({ entries }) => entries.some(isIntent));
    if (here && effect === "read") return null;
    const [stored] = await this.kernel.store.entries({ intent: intent ?? "int_", kind: "action.intent", limit: 1 });
    const recorded = stored?.body as unknown as LedgerEntry | undefined;
    const same = recorded?.effect === effect && recorded?.point === point;
    return same ? null : "it is the outcome of an intent that the ledger does not know";
  }

  private async entry(id: EntryDraft["id"]): Promise<LedgerEntry | null> {
    const stored = await this.kernel.store.entry(id);
    return stored === null ? null : (stored.body as unknown as LedgerEntry);
  }

  private async take(merging: Merging, present: readonly Present[]): Promise<Merged | null> {
    const { run, frames, known } = merging;
    const { to: seq, hash } = run;
    const lateMs = Math.max(known?.state.lateMs ?? 0, this.lateness(frames));
    const state = { status: "merging", spool: run.spool, seq, hash, lateMs, cause: null } as const;
    const there = new Set(present.map(({ id }) => id));
    const entries = frames.flatMap((frame) =>
      frame.entries
        .filter(({ id }) => !there.has(id))
        .map((draft) => ({ point: run.point, draft, spool: { seq: frame.seq, hash: frame.hash } })),
    );
    const began = known !== null && known.state.spool !== run.spool;
    const cause = {
      ...signedPart(run),
      ...(present.length === 0 ? {} : { present: present as unknown as Json }),
      // What the former spool still held is lost: whoever emptied the directory shall not do so unseen.
      ...(began ? { former: { spool: known.state.spool, seq: known.state.seq, hash: known.state.hash } } : {}),
    };
    const committed = await this.kernel.store.commit({
      ...moved(run, known, state),
      // Before what it vouches for: then no entry stands before the merge that brought it, and a reader knows what to expect.
      entries: [this.noted("admin", { action: "spool.merged", run, cause }), ...entries],
      blobs: await this.blobs(frames),
    });
    return committed.ok ? { ok: true, seq, hash } : null;
  }

  /** INV-7: what contradicts the ledger is not merged, and the ledger says so. */
  private async stop(merging: Merging, code: Refused, fault: RunFault | null): Promise<Merged | null> {
    const { run, known } = merging;
    const { point, spool } = run;
    const before = known?.state ?? { spool, seq: 0, hash: textOf(chain.begin({ point, spool })), lateMs: 0 };
    const { draft = null, seq = null, why = null } = fault ?? {};
    const cause = {
      code,
      why,
      ...signedPart(run),
      merged: { spool: before.spool, seq: before.seq, hash: before.hash },
      ...(draft === null ? {} : { entry: { frame: seq, ...nameOf(draft) } }),
    };
    const state = { ...before, status: "stopped", cause: code } as const;
    const entry = this.noted("detection", { action: code, run, cause, draft });
    const committed = await this.kernel.store.commit({ ...moved(run, known, state), entries: [entry] });
    if (!committed.ok) return null;
    this.kernel.log.error({ point, code, why }, "a point's spool is not merged any more");
    return refused(code);
  }

  private noted(
    kind: "admin" | "detection",
    { action, run, cause, draft = null }: { action: string; run: SpoolRun; cause: Json; draft?: EntryDraft | null },
  ): NonNullable<Commit["entries"]>[number] {
    const changes = [{ kind: "spool", id: run.point }] as const;
    return serverEntry(this.kernel, kind, {
      action,
      resource: run.point,
      cause,
      changes,
      ...(draft === null ? {} : { chain: draft.chain }),
    });
  }

  private lateness(frames: readonly CheckedFrame[]): number {
    const times = frames.flatMap(({ entries }) => entries.map(({ time }) => Date.parse(time)));
    return Math.max(0, this.kernel.now() - Math.min(...times));
  }

  private async blobs(frames: readonly CheckedFrame[]): Promise<NonNullable<Commit["blobs"]>> {
    const sealed = frames.map(async ({ entries, disclosure }) => {
      const about = entries.find(({ id }) => id === disclosure?.entry);
      if (disclosure === undefined || about === undefined) return [];
      try {
        return [await sealedDisclosure(this.kernel, disclosure, about.chain)];
      } catch (error) {
        // The person was forgotten meanwhile: so are these arguments.
        if (error instanceof AppError && error.code === "request.not_found") return [];
        throw error;
      }
    });
    return (await Promise.all(sealed)).flat();
  }
}

/** What an entry was about, short enough to be told whatever it was. */
function nameOf({ id, kind, effect, action }: EntryDraft): { readonly [member: string]: Json } {
  return { id, kind, effect, action: action?.slice(0, NAME_CHARS).toWellFormed() ?? null };
}
const NAME_CHARS = 200;

function refused(code: Refused): Merged {
  return { ok: false, code };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
