import type { Duplex } from "node:stream";

/**
 * Takes one packet from the front of a stream that nobody else reads; what came behind it stays there. `sizeOf` answers as
 * {@link firstPacketBytes}. Null: the stream ended before, or what it says has no allowed length. Holds no more than one packet and one chunk.
 */
export async function readPacket(stream: Duplex, sizeOf: (bytes: Buffer) => number | null): Promise<Buffer | null> {
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    const size = sizeOf(bytes);
    if (size === 0) return null;
    if (size !== null && bytes.length >= size) {
      if (bytes.length > size) stream.unshift(bytes.subarray(size));
      return bytes.subarray(0, size);
    }
    const chunk = stream.read() as Buffer | null;
    if (chunk !== null) bytes = Buffer.concat([bytes, chunk]);
    else if (!(await readable(stream))) return null;
  }
}

/** Resolves with true when there may be something to read, with false when nothing will come any more. */
async function readable(stream: Duplex): Promise<boolean> {
  if (stream.destroyed || stream.readableEnded) return false;
  return await new Promise<boolean>((resolve) => {
    const settle = (more: boolean) => (): void => {
      stream.off("readable", more$).off("end", over).off("close", over).off("error", over);
      resolve(more);
    };
    const more$ = settle(true);
    const over = settle(false);
    stream.on("readable", more$).on("end", over).on("close", over).on("error", over);
  });
}
