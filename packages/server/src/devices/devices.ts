import { AppError, type DeviceId, type StateRecord } from "@countersign/core";
import { deviceLevel, verifyEvidence } from "@countersign/credentials";
import { type Kernel, change } from "../kernel.ts";
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
    const verified = verifyEvidence(evidence, {
      device: id,
      jwk: device.terms.jwk,
      nonce: null,
      now: this.kernel.now(),
    });
    if (!verified.ok)
      throw new AppError(verified.code, { detail: "the posture report was refused; check the clock of the device" });
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

  async list(): Promise<readonly Record<string, unknown>[]> {
    const devices = await this.kernel.store.find("device");
    return await Promise.all(
      devices.map(async (d) => ({
        id: d.id,
        name: await this.kernel.keys.openText(d.terms.name),
        owner: d.terms.owner,
        tier: d.terms.tier,
        status: d.state.status,
        posture: await this.posture(d),
      })),
    );
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
