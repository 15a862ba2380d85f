import { type IncomingMessage, request } from "node:http";
import { once } from "node:events";
import type { Sightings } from "../sightings.ts";

export type Seen = ReturnType<Sightings["now"]>;

/**
 * A `fetch` that says of each call when bytes of its answer came. They are taken from the socket as soon as they are there: what waits in a
 * stream for its reader would be seen later than it came.
 */
export function seeingFetch(sightings: Sightings, see: (call: string, seen: Seen) => void): typeof globalThis.fetch {
  return async (input, init = {}) => {
    const { method = "GET", body, signal } = init;
    const headers = Object.fromEntries(new Headers(init.headers));
    const text = typeof body === "string" ? body : "";
    const call = /"call":"([^"]*)"/.exec(text)?.[1];
    const sent = request(input as URL, { method, headers, ...(signal instanceof AbortSignal ? { signal } : {}) });
    sent.end(text);
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    let wanted = true;
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        response.on("data", (chunk: Buffer) => {
          if (call !== undefined) see(call, sightings.now());
          if (wanted) controller.enqueue(chunk);
        });
        response.on("end", () => wanted && controller.close());
        response.on("error", (error) => wanted && controller.error(error));
      },
      cancel() {
        wanted = false;
        response.destroy();
      },
    });
    const { statusCode: status = 0 } = response;
    const given = Object.entries(response.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, one]),
    );
    return new Response(status === 204 || status === 304 ? null : stream, { status, headers: given });
  };
}
