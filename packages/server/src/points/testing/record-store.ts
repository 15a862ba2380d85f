import type { AnyRecord, Kind } from "@countersign/core";
import { type RecordKey, keyOf } from "@countersign/enforce";
import type { Put } from "../../store/index.ts";

/** Records in memory, with every version that they had: for models that run thousands of times. */
export class RecordStore {
  readonly generation = 1;
  version = 0;
  private readonly kept = new Map<RecordKey, AnyRecord>();
  private readonly history: { readonly key: RecordKey; readonly version: number }[] = [];
  /** Awaited before a question is looked at, and before its answer comes back. */
  private readonly pause: () => Promise<void>;

  constructor(pause: () => Promise<void>) {
    this.pause = pause;
  }

  put(...puts: readonly Put[]): readonly AnyRecord[] {
    this.version += 1;
    const { version } = this;
    const records = puts.map((put): AnyRecord => ({ ...put, version }));
    for (const record of records) {
      this.kept.set(keyOf(record), record);
      this.history.push({ key: keyOf(record), version });
    }
    return records;
  }

  /** The version that a record had when all up to `version` was committed; 0: none. */
  versionOf(key: RecordKey, version: number): number {
    return this.history.findLast((one) => one.key === key && one.version <= version)?.version ?? 0;
  }

  async head(): Promise<{ generation: number; version: number }> {
    await this.pause();
    return { generation: 1, version: this.version };
  }

  async get(kind: Kind, id: string): Promise<AnyRecord | null> {
    await this.pause();
    const found = this.kept.get(keyOf({ kind, id })) ?? null;
    await this.pause();
    return found;
  }

  async records(names: readonly { kind: Kind; id: string }[]): Promise<readonly AnyRecord[]> {
    await this.pause();
    const found = names.flatMap((name) => this.kept.get(keyOf(name)) ?? []);
    await this.pause();
    return found;
  }

  async find(kind: Kind, { status, task }: { status?: string; task?: string } = {}): Promise<readonly AnyRecord[]> {
    await this.pause();
    return [...this.kept.values()].filter((record) => {
      const named = task === undefined || (record.kind === "approval" && record.terms.task === task);
      return record.kind === kind && named && (status === undefined || record.state.status === status);
    });
  }

  async changes(version: number, kinds: readonly Kind[]): Promise<{ version: number; records: readonly AnyRecord[] }> {
    await this.pause();
    const records = [...this.kept.values()].filter((r) => r.version > version && kinds.includes(r.kind));
    return { version: this.version, records };
  }

  async changed(version: number, limit: number): Promise<readonly { kind: Kind; id: string; version: number }[]> {
    await this.pause();
    const records = [...this.kept.values()].filter((record) => record.version > version);
    return records.sort((a, b) => a.version - b.version).slice(0, limit);
  }
}
