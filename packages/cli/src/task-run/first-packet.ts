/** How a PostgreSQL client begins: it asks for encryption, for a cancel, or says who it is. */
export type FirstPacket = "encryption" | "cancel" | "startup" | "malformed";

/** PostgreSQL's own bound of a start-up packet. */
const STARTUP_BYTES = 10_000;
const HEAD_BYTES = 8;
/** Process id and key behind the head: keys have 4 to 256 bytes. */
const CANCEL_BYTES = { least: 16, most: 12 + 256 } as const;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;

/** Asks a server for TLS. */
export const ASK_FOR_TLS: Buffer = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** How long the packet at the front is; null: more bytes are needed to know; 0: there is none of an allowed length. Never throws. */
export function firstPacketBytes(bytes: Buffer): number | null {
  if (bytes.length < 4) return null;
  const size = bytes.readInt32BE(0);
  return size < HEAD_BYTES || size > STARTUP_BYTES ? 0 : size;
}

/** What a whole packet is. Only as far as a relay has to know: what it says is for the gateway to judge. Never throws. */
export function readFirstPacket(packet: Buffer): FirstPacket {
  if (packet.length < HEAD_BYTES || packet.readInt32BE(0) !== packet.length) return "malformed";
  const code = packet.readInt32BE(4);
  if (code === SSL_REQUEST || code === GSS_REQUEST) return packet.length === HEAD_BYTES ? "encryption" : "malformed";
  if (code === CANCEL_REQUEST) {
    const { least, most } = CANCEL_BYTES;
    return packet.length >= least && packet.length <= most ? "cancel" : "malformed";
  }
  return code >>> 16 === 3 ? "startup" : "malformed";
}
