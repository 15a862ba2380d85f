import { request } from "node:http";

/** One request over the control socket, as anything that runs as the same user can make it. */
export async function overSocket(
  path: string,
  url: string,
  body?: unknown,
): Promise<{ status: number; json: Record<string, unknown> }> {
  return await new Promise((resolve, reject) => {
    const headers = { host: "localhost", ...(body === undefined ? {} : { "content-type": "application/json" }) };
    const call = request(
      { socketPath: path, path: url, method: body === undefined ? "GET" : "POST", headers },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => {
          const text = Buffer.concat(parts).toString("utf8");
          resolve({
            status: response.statusCode ?? 0,
            json: text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : {},
          });
        });
      },
    );
    call.on("error", reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
