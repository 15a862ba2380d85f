import { AppError, type JsonObject } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { refusalOf } from "../mcp/local-refusal.ts";
import { ClientSession, type ClientSessionOptions } from "./client-session.ts";
import { ClientSessions } from "./client-sessions.ts";
import { callOf } from "./resident.ts";

const HOOK = { session_id: "s1", cwd: "/w", tool_name: "Bash", tool_input: { command: "ls" }, tool_use_id: "t" };
const about = { client: "codex", flags: ["--agent", "a"], home: "/home/u", parent: 7 };
const bytes = (payload: JsonObject, more: object = {}): Buffer =>
  Buffer.from(`${JSON.stringify({ ...about, ...more })}\n${JSON.stringify(payload)}`);
const told = (event: string, more: object = {}): NonNullable<ReturnType<typeof callOf>> => {
  const call = callOf(bytes({ ...HOOK, hook_event_name: event, ...more }));
  if (call === null) throw new Error("no call");
  return call;
};

describe("callOf", () => {
  it("reads who asks, for whom, and what", () => {
    expect(told("PreToolUse")).toMatchObject({ client: "codex", agent: "a", home: "/home/u", parent: 7 });
    expect(callOf(bytes({ ...HOOK, hook_event_name: "PreToolUse" }, { flags: [] }))?.agent).toBe("codex");
  });

  it("is nothing where anything is not understood", () => {
    const whole = { ...HOOK, hook_event_name: "PreToolUse" };
    for (const more of [{ client: "vim" }, { home: 1 }, { parent: "7" }]) expect(callOf(bytes(whole, more))).toBeNull();
    for (const text of ["", "{}", "x\n{}", "{}\nx", `${JSON.stringify(about)}\n[]`])
      expect(callOf(Buffer.from(text))).toBeNull();
    expect(callOf(bytes({ ...whole, hook_event_name: "PreSomething" }))).toBeNull();
  });
});

describe("ClientSessions", () => {
  /** Sessions whose task never opens, with what was done to each. */
  function sessions(alive = true): { readonly all: ClientSessions; readonly done: string[] } {
    const done: string[] = [];
    const make: ConstructorParameters<typeof ClientSessions>[0]["make"] = ({ event }) => {
      const name = "session" in event ? event.session : "";
      done.push(`made ${name}`);
      const link: ClientSessionOptions["link"] = (purpose) => ({
        live: async () => {
          done.push(`asked for: ${purpose ?? "nothing"}`);
          return await Promise.resolve({ ok: false, refusal: refusalOf(new AppError("task.no_human")) });
        },
        expired: () => undefined,
        ended: () => undefined,
        end: async () => {
          done.push(`ended ${name}`);
          await Promise.resolve();
        },
      });
      const gateway = { post: async () => await Promise.reject(new Error("there is no gateway")) };
      return new ClientSession({ client: "codex", link, gateway, home: "/home/u", servers: () => ({}), process: 7 });
    };
    return { all: new ClientSessions({ make, isAlive: () => alive }), done };
  }
  const answer = async (all: ClientSessions, call: ReturnType<typeof told>) =>
    await all.answer(call, new AbortController().signal);

  it("refuses when nobody is signed in; the first prompt is what the task is for", async () => {
    const { all, done } = sessions();
    expect(await answer(all, told("UserPromptSubmit", { prompt: "do it" }))).toEqual({ decision: "none" });
    expect(await answer(all, told("UserPromptSubmit", { prompt: "and that" }))).toEqual({ decision: "none" });
    expect(await answer(all, told("PreToolUse"))).toMatchObject({
      decision: "deny",
      text: expect.stringContaining("task.no_human"),
    });
    expect(done).toEqual(["made s1", "asked for: do it"]);
  });

  it("keeps sessions apart, ends one when its client says so, and all when the client is gone", async () => {
    const { all, done } = sessions(false);
    await answer(all, told("PreToolUse"));
    await answer(all, told("PreToolUse", { session_id: "s2" }));
    expect(all.size).toBe(2);
    await answer(all, told("SessionEnd"));
    expect(all.size).toBe(1);
    await all.sweep();
    expect(all.size).toBe(0);
    expect(done.filter((one) => one.startsWith("ended"))).toEqual(["ended s1", "ended s2"]);
  });

  it("makes no session for what is only told", async () => {
    const { all } = sessions();
    await answer(all, told("PostToolUse"));
    await answer(all, told("SessionStart"));
    expect(all.size).toBe(0);
  });
});
