import { describe, expect, it } from "vitest";
import { explain } from "./explain.ts";

describe("explain", () => {
  it("says what did not happen, why, and what to do next", () => {
    const problem = { code: "approval.changed", title: "what was to be signed changed meanwhile", status: 409 };
    expect(explain(problem, "Nothing was signed.").text).toBe(
      "Nothing was signed. What was to be signed changed meanwhile. Load this page again and read it again.",
    );
  });

  it("prefers the server's own detail to the title", () => {
    expect(explain({ code: "x.y", title: "title", detail: "this link is used; ask for a new one" }, "").text).toBe(
      "This link is used; ask for a new one.",
    );
  });

  it("explains the browser's own refusals by their name", () => {
    const closed = new DOMException("The operation either timed out or was not allowed.", "NotAllowedError");
    expect(explain(closed, "Nothing was signed.").text).toBe(
      "Nothing was signed. The passkey dialogue was closed or timed out. Try again; a phone or a security key works as well.",
    );
  });

  it("leads to sign-in when the session has ended", () => {
    expect(explain({ code: "request.unauthenticated", title: "sign in first" }, "").signIn).toBe(true);
    expect(explain({ code: "request.forbidden" }, "").signIn).toBe(false);
  });

  it("has words for anything that is thrown", () => {
    expect(explain(undefined, "No.").text).toBe("No. Something failed, try again.");
    expect(explain(new TypeError("the page lacks x, load it again"), "No.").text).toBe(
      "No. The page lacks x, load it again.",
    );
  });
});
