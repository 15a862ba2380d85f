import { type GatewayResponse, wholeBody } from "./send.ts";
import { type RpcFault, objectOf } from "./rpc-message.ts";

const SERVER_ERROR = -32000;
/** A refusal with its `D` (`interfaces.md`). */
const REFUSED = -32003;
const BODY_BYTES = 256 * 1024;

/** What an answer of HTTP that is no success means as an error of JSON-RPC. Never rejects. */
export async function httpFault(response: GatewayResponse): Promise<RpcFault> {
  const general = { code: SERVER_ERROR, message: `the gateway answered with HTTP ${String(response.status)}` };
  let document: Readonly<Record<string, unknown>>;
  try {
    const body = await wholeBody(response, BODY_BYTES);
    document = objectOf(JSON.parse((body ?? Buffer.alloc(0)).toString("utf8")));
  } catch {
    return general;
  }
  const { error, detail, title, decision } = document;
  if (isRpcFault(error)) return error;
  const message = typeof detail === "string" ? detail : typeof title === "string" ? title : general.message;
  return { code: typeof decision === "string" ? REFUSED : SERVER_ERROR, message, data: document };
}

function isRpcFault(value: unknown): value is RpcFault {
  const { code, message } = objectOf(value);
  return typeof code === "number" && typeof message === "string";
}
