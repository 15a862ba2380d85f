import { createSoftAuthenticator } from "@countersign/credentials/testing";
import { describe, expect, it } from "vitest";
import { Approvals, ChangeKinds } from "../approvals/index.ts";
import type { Kernel } from "../kernel.ts";
import { Servers } from "../testing/servers.ts";
import { Registration } from "./registration.ts";
import { Sessions } from "./sessions.ts";

const ORIGIN = "http://localhost:7330";

function people(kernel: Kernel): { readonly registration: Registration; readonly sessions: Sessions } {
  const approvals = new Approvals(kernel, new ChangeKinds());
  const sessions = new Sessions(kernel);
  return { sessions, registration: new Registration(kernel, { sessions, approvals }) };
}

const tokenOf = (url: string | null): { setupToken: string } => ({
  setupToken: new URL(url ?? "").searchParams.get("token") ?? "",
});

describe("people, on servers beside each other", () => {
  it("set up with the link of one at the other, in two steps at two servers; sign in likewise; each once", async () => {
    await using servers = await Servers.open();
    await servers.settled(ORIGIN);
    const [a, b] = servers.both(people);
    const passkey = createSoftAuthenticator({ rpId: "localhost", origin: ORIGIN });
    const token = tokenOf(await a.registration.setupUrl());
    const second = tokenOf(await b.registration.setupUrl());
    expect([await b.registration.isOpen(token), await a.registration.isOpen(second)]).toEqual([true, true]);
    const response = passkey.register(await b.registration.options(token, "Alice"));
    const { humanId } = await a.registration.register(token, response);
    await expect(b.registration.register(second, response)).rejects.toMatchObject({ code: "setup.closed" });

    const assertion = passkey.sign((await a.sessions.signInOptions()) as never) as never;
    expect(await b.sessions.signIn(assertion)).toMatchObject({ humanId });
    await expect(a.sessions.signIn(assertion)).rejects.toMatchObject({ code: "webauthn.refused" });
  });

  it("a new link of a server ends its former one, not that of the other", async () => {
    await using servers = await Servers.open();
    await servers.settled(ORIGIN);
    const [a, b] = servers.both(people);
    const former = tokenOf(await a.registration.setupUrl());
    const other = tokenOf(await b.registration.setupUrl());
    const latest = tokenOf(await a.registration.setupUrl());
    const open = [former, other, latest].map(async (token) => await b.registration.isOpen(token));
    expect(await Promise.all(open)).toEqual([false, true, true]);
    servers.pass(15 * 60_000);
    expect(await a.registration.isOpen(latest)).toBe(false);
  });
});
