/** One request to the API. Resolves to the body of the answer, throws the problem document of a refusal. `T` is the outside surface's word. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const accept = { accept: "application/json" };
  const sent =
    body === undefined
      ? { headers: accept }
      : { headers: { ...accept, "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(path, { method, cache: "no-store", ...sent }).catch(() => {
    throw refusal({ code: "server.unreachable" });
  });
  const value: unknown = await response.json().catch(() => ({}));
  if (!response.ok) throw refusal({ title: `the server answered ${response.status}`, ...(value as object) });
  return value as T;
}

/** An error with the members of a problem document (RFC 9457). */
export function refusal(problem: object): Error {
  return Object.assign(new Error("refused"), problem);
}
