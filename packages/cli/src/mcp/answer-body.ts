/** Most bytes of an answer that are looked at for a refusal; refusals are small. */
const LOOK_BYTES = 16_384;
const LIST_CHANGED = Buffer.from(
  ["tools", "resources", "prompts"]
    .map((list) => `event: message\ndata: {"jsonrpc":"2.0","method":"notifications/${list}/list_changed"}\n\n`)
    .join(""),
);
const EVENT = Buffer.from("event: message\ndata: ");
const EVENT_END = Buffer.from("\n\n");
type Body = AsyncIterable<Uint8Array>;

/** Passes a body on as it comes, and shows its text to `see` at its end if it is a short one. */
export async function* watched(body: Body, see: (text: string) => void): Body {
  let seen: Uint8Array[] | null = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > LOOK_BYTES) seen = null;
    seen?.push(part);
    yield part;
  }
  if (seen !== null) see(Buffer.concat(seen).toString("utf8"));
}

/** The codes of the refusals that an answer carries (`_meta`, `data` or problem document): `code` beside `decision`. */
export function refusalCodes(text: string): readonly string[] {
  if (!text.includes('"decision"')) return [];
  return [...text.matchAll(/"code":"([a-z]+\.[a-z_]+)"/g)].map(([, code]) => code ?? "");
}

/** An event stream that first says that the lists have changed. `stream`: the body is one already. */
export async function* afterListChanged(body: Body, stream: boolean): Body {
  yield LIST_CHANGED;
  if (stream) {
    yield* body;
    return;
  }
  yield EVENT;
  for await (const part of body) yield onOneLine(part);
  yield EVENT_END;
}

/** In JSON a line break stands only between tokens, where a space does as well; in an event it would end the data. */
function onOneLine(part: Uint8Array): Uint8Array {
  return part.map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte));
}
