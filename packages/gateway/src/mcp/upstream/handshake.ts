import { type JsonObject, isJsonObject, parseJson } from "@countersign/core";
import type { ClientOffer } from "../client-offer.ts";
import { type Era, LEGACY_VERSIONS, MODERN_VERSION, OWN_IDENTITY, isLegacyVersion } from "../protocol.ts";
import type { UpstreamFault } from "./channel.ts";
import type { LinkAnswer, UpstreamLink } from "./upstream-link.ts";

export type Handshake =
  | { readonly ok: true; readonly era: Era; /** What the upstream declared. */ readonly capabilities: JsonObject }
  | ({
      readonly ok: false;
      /** The newest-revision question itself ended the upstream: ask it no more. */ readonly probeFatal: boolean;
    } & UpstreamFault);

export interface HandshakeOptions {
  /** What this upstream was found to speak before; null when that is not known. */
  readonly era: Era | null;
  /** What the client behind this connection can be asked; told in `initialize`. */
  readonly offer: ClientOffer;
  readonly probeMs: number;
  readonly timeoutMs: number;
}

const LIMITS = { sizeBytes: 1024 * 1024, depth: 64 };

/**
 * Finds out which era an upstream speaks and begins with it: `server/discover` first (MCP 2026-07-28), and `initialize` when that brings
 * anything but a modern answer, or none in `probeMs`.
 */
export async function handshake(link: UpstreamLink, options: HandshakeOptions): Promise<Handshake> {
  const { era, probeMs, timeoutMs } = options;
  if (era === "legacy") return await initialize(link, options);
  const found = await discover(link, era === "modern" ? timeoutMs : probeMs);
  if (found !== null) return found;
  const begun = await initialize(link, options);
  if (begun.ok) return begun;
  // A modern server that was only slow to start answers now.
  const late = link.fault === null ? await discover(link, timeoutMs) : null;
  return late ?? { ...begun, probeFatal: era === null && link.fault !== null };
}

async function discover(link: UpstreamLink, timeoutMs: number): Promise<Handshake | null> {
  link.modern = true;
  const answer = await link.request({ method: "server/discover", members: [] }, { timeoutMs });
  const result = objectOf(answer);
  const versions = result?.["supportedVersions"];
  if (result === null || !Array.isArray(versions) || !versions.includes(MODERN_VERSION)) {
    link.modern = false;
    return null;
  }
  link.channel.adopt(MODERN_VERSION);
  return { ok: true, era: "modern", capabilities: capabilitiesOf(result) };
}

async function initialize(link: UpstreamLink, { offer, timeoutMs }: HandshakeOptions): Promise<Handshake> {
  const members = [
    `"protocolVersion":${JSON.stringify(LEGACY_VERSIONS[0])}`,
    `"capabilities":${JSON.stringify(offer.capabilities)}`,
    `"clientInfo":${JSON.stringify(OWN_IDENTITY)}`,
  ];
  const answer = await link.request({ method: "initialize", members }, { timeoutMs });
  if (!answer.ok) return { ...answer, probeFatal: false };
  const result = objectOf(answer);
  const version = result?.["protocolVersion"];
  if (result === null || !isLegacyVersion(version)) {
    return {
      ok: false,
      code: "upstream.garbage",
      reason: "the upstream speaks no revision of MCP that this gateway knows",
      probeFatal: false,
    };
  }
  link.channel.adopt(version);
  await link.notify("notifications/initialized");
  return { ok: true, era: "legacy", capabilities: capabilitiesOf(result) };
}

function objectOf(answer: LinkAnswer): JsonObject | null {
  if (!answer.ok || !("result" in answer)) return null;
  const parsed = parseJson(answer.result, LIMITS);
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : null;
}

function capabilitiesOf({ capabilities }: JsonObject): JsonObject {
  return isJsonObject(capabilities) ? capabilities : {};
}
