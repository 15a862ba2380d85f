import type { DeviceView, Paged } from "@countersign/api";
import { AppError, type DeviceId, type StateRecord } from "@countersign/core";
import { deviceLevel, verifyEvidence } from "@countersign/credentials";
import { type Kernel, change } from "../kernel.ts";
import { type ListQuery, listed } from "../listing.ts";
import { Names } from "../names.ts";
import type { Put } from "../store/index.ts";

/** Enrolled devices and what they last said about themselves. */
export class Devices {
  private readonly kernel: Kernel;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** Takes a posture report that the device signed. @throws AppError `device.unknown|stale|unhealthy` or `credential.*` */
  async report(id: DeviceId, evidence: string): Promise<void> {
    const device = await this.active(id);
    const expected = { device: id, jwk: device.terms.jwk, nonce: null, now: this.kernel.now() };
    const verified = verifyEvidence(evidence, expected);
    if (!verified.ok)
      throw new AppError(verified.code, { detail: "the posture report was refused; check the clock of the device" });
    const last = await this.kernel.store.get("posture", id);
    const known =
      last === null
        ? null
        : verifyEvidence(last.terms.evidence, { ...expected, maxAgeSeconds: Number.MAX_SAFE_INTEGER });
    // A report that was overheard is not worth more than what the device said after it.
    if (known?.ok === true && known.report.iat > verified.report.iat)
      throw new AppError("device.stale", { detail: "the device has said something newer" });
    const put: Put = { kind: "posture", id, terms: { evidence }, state: { status: "reported" }, authority: null };
    await change(this.kernel, { put: [put] });
    const { level, missing } = deviceLevel(verified.report);
    if (level === null) throw new AppError("device.unhealthy", { detail: missing.map((m) => m.remedy).join("; ") });
  }

  private async active(id: DeviceId): Promise<StateRecord<"device">> {
    const device = await this.kernel.store.get("device", id);
    if (device === null || device.state.status !== "active")
      throw new AppError("device.unknown", { detail: `device \`${id}\` is not enrolled` });
    return device;
  }

  async list(query: ListQuery): Promise<Paged & { readonly devices: readonly DeviceView[] }> {
    const { records, next } = await listed(this.kernel, "device", { where: {}, query });
    const names = new Names(this.kernel);
    return { devices: await Promise.all(records.map(async (device) => await this.view(device, names))), next };
  }

  private async view(device: StateRecord<"device">, names: Names): Promise<DeviceView> {
    const { id, terms, state } = device;
    const [name, ownerName, posture, liveTasks] = await Promise.all([
      this.kernel.keys.openText(terms.name),
      names.of(terms.owner),
      this.posture(device),
      this.kernel.store.count("task", { device: id, status: "live" }),
    ]);
    return { id, name, owner: terms.owner, ownerName, tier: terms.tier, status: state.status, posture, liveTasks };
  }

  private async posture(device: StateRecord<"device">): Promise<Record<string, unknown> | null> {
    const record = await this.kernel.store.get("posture", device.id);
    if (record === null) return null;
    const expected = {
      device: device.id,
      jwk: device.terms.jwk,
      nonce: null,
      now: this.kernel.now(),
      maxAgeSeconds: Number.MAX_SAFE_INTEGER,
    };
    const verified = verifyEvidence(record.terms.evidence, expected);
    if (!verified.ok) return null;
    const { report } = verified;
    return {
      reportedAt: new Date(report.iat * 1000).toISOString(),
      os: report.os,
      facts: report.facts,
      ...deviceLevel(report),
    };
  }
}
