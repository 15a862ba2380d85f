import { canonicalJson } from "@countersign/core";
import { describe, expect, it } from "vitest";
import { callDisplay, changeDisplay, connectDisplay, mandateDisplay } from "../testing/sample-views.ts";
import { changeWords } from "./change-words.ts";

function wordsOf(display: typeof changeDisplay): string {
  const text = String(changeWords(display)).replace(/<wbr \/>|<svg.*?<\/svg>/g, "");
  return text
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ")
    .replace(/ ([,:.])/g, "$1")
    .trim();
}

describe("a change in words", () => {
  it("names machine, session key, servers and agent of a connection", () => {
    const words = wordsOf(connectDisplay);
    expect(words).toContain("ada-thinkpad is enrolled as your device and signed in for 12 hours");
    expect(words).toContain("kq3d 0o2y 7mVb N6yR kXh0 QeJr FqzB 0lVf Zb1t Qk9c Xy2");
    expect(words).toContain("Starts /usr/bin/node /opt/notes/index.js /srv/notes in /srv");
    expect(words).toContain("Is given NOTES_TOKEN");
    expect(words).toContain("1 unknown constructor 2 destructive move_note, write_note 1 external share_note 2 read");
    expect(words).toContain("At https://issues.example/mcp Tools 1 read");
    expect(words).toContain("For Codex CLI: work in notes");
    expect(words).toContain("any tool of notes: on the server itself, on files in and below /srv/notes");
    expect(words).toContain("its own shell, edits and fetches, anywhere: each is judged before it is done");
  });

  it("names each tool that would become something else, and what is new for an agent in force", () => {
    const tools = {
      drop: "write, until now destructive, defined otherwise than before",
      read: "read of file:{path}",
      send: "external, a new tool",
    };
    const servers = [{ name: "a", change: "accept its tools as they are now", url: "https://a", tools }];
    const grants = [
      { action: "mcp:a/**", resource: "mcp:a" },
      { action: "mcp:b/**", resource: "mcp:b" },
    ];
    const agent = {
      name: "codex",
      change: "more scope",
      added: grants.slice(1),
      ended: "2026-11-01T00:00:00Z",
      grants,
    };
    const words = wordsOf({ ...connectDisplay, content: canonicalJson({ client: "x", servers, agent }) });
    expect(words).toContain(
      "Changes drop write, until now destructive, defined otherwise than before send external, a new tool",
    );
    expect(words).toContain(
      "Had ended 2026-11-01 00:00:00 UTC New now any tool of b: on the server itself May ask for",
    );
  });

  it("says of a database where it is, what is held, masked and limited, and what of it changes", () => {
    const terms = {
      kind: "postgres",
      url: "postgres://db.example:5432/billing",
      password: { fromStore: "secret/a" },
      tls: "verify-full",
      critical: ["sql:billing/public.people"],
      masking: { "public.people.ssn": "last4" },
      recording: "batched",
      limits: { rowsPerStatement: 10, statementMs: 1500 },
    };
    const words = (before: object | null, now: object = terms): string =>
      wordsOf({ ...changeDisplay, action: "upstream.put", content: canonicalJson({ name: "billing", now, before }) });
    expect(words(null)).toContain(
      "billing new At postgres://db.example:5432/billing Protected by TLS Password kept apart, never shown Always held sql:billing/public.people " +
        "At most 10 rows changed by one statement 1.5 s for one statement Masked public.people.ssn: last4 Reads recorded in batches",
    );
    const next = { ...terms, password: { fromStore: "secret/b" }, critical: [], masking: {}, ca: "PEM" };
    const changed = words(terms, next);
    expect(changed).toContain("Password kept apart, never shown otherwise than until now");
    expect(changed).toContain("Certificates from the authority below otherwise than until now");
    expect(changed).toContain("Always held none any more otherwise than until now");
    expect(changed).toContain("Masked none any more otherwise than until now");
    expect(changed).not.toContain("new At");
    expect(words(null, { ...terms, password: null, tls: "disable" })).toContain("Password none");
    const server = { name: "files", now: { kind: "mcp" }, before: null };
    expect(changeWords({ ...changeDisplay, action: "upstream.put", content: canonicalJson(server) })).toBeNull();
  });

  it("says of a machine that is known that nothing is enrolled", () => {
    const content = canonicalJson({ name: "ada-thinkpad", enrols: false, hours: 12, sessionKey: "abcdefg" });
    const words = wordsOf({ ...changeDisplay, action: "session.open", content });
    expect(words).toContain("ada-thinkpad is your device already and is signed in for 12 hours. abcd efg");
  });

  it("says when and how often an agent works without a person, and what key it enrols", () => {
    const words = wordsOf(mandateDisplay);
    expect(words).toContain("When cron, every night at 03:00 At most 2 tasks a day Until 2026-12-12");
    expect(words).toContain("tools named read_* of files: on anything");
    expect(words).toContain("build-runner, with this key: kq3d 0o2y");
  });

  it("says what a gateway gets, and which key it has", () => {
    const key = "kq3d0o2y7mVbN6yRkXh0QeJrFqzB0lVfZb1tQk9cXy2";
    const content = canonicalJson({ gateway: "edge", id: "ep_1", key, joinedAt: "2026-11-22T12:00:00.000Z" });
    const words = wordsOf({ ...changeDisplay, action: "point.trust", content });
    expect(words).toContain("edge It gets every secret that Countersign keeps for upstreams");
    expect(words).toContain("Joined 2026-11-22 12:00:00 UTC kq3d 0o2y 7mVb");
  });

  it("says that tools are left out, and counts them", () => {
    const tools = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`drop_${String(at)}`, "destructive"]));
    const content = canonicalJson({ client: "x", servers: [{ name: "a", change: "new", url: "https://a", tools }] });
    const words = wordsOf({ ...connectDisplay, content });
    expect(words).toContain("30 destructive drop_0,");
    expect(words).toMatch(/and 6 more, all named below$/);
  });

  it("marks what is odd in any value", () => {
    const content = canonicalJson({ name: "na\u202eme", enrols: true, hours: 12, sessionKey: "\u200b<b>" });
    const words = String(changeWords({ ...changeDisplay, action: "session.open", content }));
    expect(words).toContain("<mark>⟨U+202E⟩</mark>");
    expect(words).toContain("<mark>⟨U+200B⟩</mark>");
    expect(words).not.toContain("<b></");
  });

  it.each(["", "null", "[1]", "{}", '{"servers":7,"agent":{"grants":[3,{"action":1}]}}', '{"servers":[{"tools":[]}]}'])(
    "takes content of any form: %s",
    (content) => {
      for (const action of ["session.open", "client.connect", "agent.create", "mandate.create", "point.trust"])
        expect(() => String(changeWords({ ...changeDisplay, action, content }))).not.toThrow();
    },
  );

  it("leaves a call and a change of another kind to their exact form", () => {
    expect(changeWords(callDisplay)).toBeNull();
    expect(changeWords({ ...changeDisplay, action: "policy.publish" })).toBeNull();
  });
});
