import { readFileSync, readdirSync } from "node:fs";
import { Script } from "node:vm";
import { describe, expect, it } from "vitest";
import type { Json } from "@countersign/core";
import { SCRIPTS } from "./assets.ts";
import { readBack } from "./client/read-back.ts";
import { assets, renderApproval, renderSetup, renderSignIn, securityHeaders } from "./index.ts";
import { safeNext } from "./sign-in.ts";
import { samplePages } from "./testing/sample-pages.ts";
import {
  approvalPage,
  callDisplay,
  changeDisplay,
  connectDisplay,
  effectDisplay,
  hostileDisplay,
  longDisplay,
  setupView,
  signInView,
} from "./testing/sample-views.ts";

const BUDGET_BYTES = 34_000;
/** What long content adds: its characters, and the markup of its lines and words. */
const LONG: Readonly<Record<string, number>> = {
  "approve-long": 2.5 * longDisplay.content.length,
  "approve-effect": 2500,
  "approve-connect": 4 * connectDisplay.content.length,
};
const linked = (page: string): string[] => [...page.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? "");

describe.each(Object.entries(samplePages))("page %s", (name, render) => {
  const page = render();

  it("links one style and one script, both served from memory", () => {
    expect(linked(page).map((path) => assets.get(path)?.contentType)).toEqual([
      "text/css; charset=utf-8",
      "text/javascript; charset=utf-8",
    ]);
  });

  it("stays within the budget, style and script included", () => {
    // Long arguments are longer, and an address takes a code; what is around them is not.
    const code = (/<path d="[^"]+" stroke="#000"/s.exec(page) ?? [""])[0].length;
    const content = (LONG[name] ?? 0) + code;
    const total = linked(page).reduce(
      (sum, path) => sum + Buffer.byteLength(assets.get(path)?.body ?? ""),
      Buffer.byteLength(page),
    );
    expect(total).toBeLessThanOrEqual(BUDGET_BYTES + content);
  });

  it("holds no inline script, style or event attribute", () => {
    expect(page).not.toMatch(/\sstyle\s*=|<style|\son[a-z]+\s*=|javascript:/i);
    const scripts = [...page.matchAll(/<script([^>]*)>/g)].map(([, attributes]) => attributes?.trim());
    for (const attributes of scripts) expect(attributes).toMatch(/^type="(module" src="\/assets\/|application\/json")/);
  });

  it("says its state in the title", () => {
    expect(page).toMatch(/<title>[^<]+ · Countersign<\/title>/);
  });
});

describe("what a held statement would do", () => {
  it("stands on the page as it is hashed: read back, it is the object that is signed", () => {
    const page = renderApproval(approvalPage(effectDisplay));
    const text = (markup: string): string => {
      const bare = markup.replaceAll(/<[^>]*>/g, "");
      return bare.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&#39;", "'");
    };
    const places = [...page.matchAll(/<span data-from="([^"]+)">(.*?)<\/span>/gs)].map(
      ([, path = "", shown = ""]) => [path, text(shown).replaceAll("&amp;", "&")] as const,
    );
    const { preview } = effectDisplay;
    const emptied = JSON.stringify({ ...effectDisplay, preview: blank(preview as unknown as Json) });
    expect(places.length).toBeGreaterThan(20);
    expect(readBack(emptied, places)["preview"]).toEqual(preview);
    expect(page).toContain("1,200 rows deleted");
    expect(page).toContain("⟨U+202E⟩");
  });
});

/** The same with every text taken out that is not empty. */
function blank(value: Json): Json {
  if (typeof value === "string") return value === "" ? "" : "?";
  if (Array.isArray(value)) return value.map(blank);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, blank(inner)]));
}

describe("securityHeaders", () => {
  const headers = securityHeaders();

  it("allows nothing unsafe, nothing inline and nothing from elsewhere", () => {
    const policy = new Map(
      headers["content-security-policy"]?.split("; ").map((row) => row.split(/ (.*)/s) as [string, string]),
    );
    expect(Object.fromEntries(policy)).toEqual({
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": "'self'",
      "connect-src": "'self'",
      "img-src": "'self' data:",
      "font-src": "'self'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
      "base-uri": "'none'",
      "require-trusted-types-for": "'script'",
      "trusted-types": "'none'",
    });
    expect(headers["content-security-policy"]).not.toContain("unsafe");
  });

  it("keeps pages out of frames, caches and other origins' reach", () => {
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
    });
    expect(headers["permissions-policy"]).toContain("publickey-credentials-get=(self)");
  });
});

describe("the scripts", () => {
  it.each(SCRIPTS)("%s holds no import, export, comment or type", (name) => {
    const page = {
      register: "setup",
      "sign-in": "sign-in",
      approve: "approve-pending",
      plain: "problem",
    }[name];
    const script = assets.get(linked(samplePages[page]?.() ?? "")[1] ?? "")?.body ?? "";
    expect(script).not.toMatch(/\b(import|export)\b|\/\*|\binterface\b|\breadonly\b/);
    expect(() => new Script(`(() => {${script}})`)).not.toThrow();
    const declared = [...script.matchAll(/(?:^|[;}])(?:async )?(?:function|const|class|let) ([\w$]+)/g)].map(
      ([, found]) => found,
    );
    expect(declared.length).toBeGreaterThan(2);
  });
});

describe("the sources of the scripts", () => {
  it("hold no template within a template, which the bundle would spoil", () => {
    const folder = new URL("client/", import.meta.url);
    const sources = readdirSync(folder).filter((name) => /(?<!\.test)\.m?ts$/.test(name));
    const nested = sources.filter((name) => /`[^`]*\$\{[^}`]*`/.test(readFileSync(new URL(name, folder), "utf8")));
    expect(sources.length).toBeGreaterThan(10);
    expect(nested).toEqual([]);
  });
});

describe("an approval page", () => {
  it("shows nothing of the approval to someone who is not signed in", () => {
    const page = renderApproval({ ...approvalPage(callDisplay), signedIn: null });
    expect(page).not.toContain("executives");
    expect(page).toContain('data-next="/approve/apr_00Gx2BfW7cRmZt4vLp9DkS"');
  });

  it("cannot be signed before its script has checked it, and not at all when it has ended", () => {
    expect(renderApproval(approvalPage(callDisplay))).toMatch(
      /<button class="primary" type="button" id="approve" disabled/,
    );
    for (const state of ["approved", "denied", "expired", "consumed", "void"] as const) {
      expect(renderApproval(approvalPage(callDisplay, state))).not.toMatch(/id="(approve|deny|display)"/);
    }
  });

  it("offers no answer to someone who may not give one", () => {
    const page = renderApproval({ ...approvalPage(callDisplay), mayAnswer: false, approver: "Grace Hopper" });
    expect(page).not.toMatch(/id="(approve|deny)"/);
    expect(page).toContain("Only Grace Hopper may answer this");
  });

  it("says of a signed change that it is in force, of a signed call that it may run", () => {
    expect(renderApproval(approvalPage(changeDisplay, "consumed"))).toContain("It is signed and in force.");
    expect(renderApproval(approvalPage(callDisplay, "approved"))).toContain("may run once");
  });

  it("says how it ended when what it showed is gone", () => {
    const ended = { state: "denied", action: "agent.create" } as const;
    const page = renderApproval({ ...approvalPage(callDisplay, "denied"), approval: null, ended });
    expect(page).toContain("Denied by Ada Lovelace");
    expect(page).toContain("no longer kept");
  });

  it("marks hostile text everywhere and warns about it", () => {
    const page = renderApproval(approvalPage(hostileDisplay));
    expect(page).toContain("<mark>⟨U+202E⟩</mark>");
    expect(page).toContain("change the reading direction");
    expect(page).not.toMatch(/\u202e|\u200b|\u200d|\ufeff|\u00a0/);
    expect(page).not.toMatch(/<img|<script>alert/);
    expect(renderApproval(approvalPage(callDisplay))).not.toContain("<mark>");
  });
});

describe("safeNext", () => {
  it.each([
    ["/approve/apr_1", "/approve/apr_1"],
    ["/?a=b", "/?a=b"],
    [null, "/"],
    ["", "/"],
    ["//evil.example", "/"],
    ["/\\evil.example", "/"],
    ["/a\\b", "/"],
    ["https://evil.example", "/"],
    ["javascript:alert(1)", "/"],
    ["/\n/evil.example", "/"],
    ["/\t/evil.example", "/"],
  ])("%j leads to %s", (next, expected) => {
    expect(safeNext(next)).toBe(expected);
    expect(renderSignIn({ ...signInView, next })).toContain(`data-next="${expected}"`);
  });
});

describe("set-up", () => {
  it("escapes the token and names the way out when the link is closed", () => {
    expect(renderSetup({ ...setupView, token: '"><script>' })).toContain('data-token="&quot;&gt;&lt;script&gt;"');
    expect(renderSetup({ ...setupView, name: '"Ada"' })).toContain('value="&quot;Ada&quot;"');
    expect(renderSetup({ ...setupView, state: "closed" })).toContain("<code>countersign up</code>");
  });
});

describe("a call on several resources", () => {
  it("shows each of them as a place that is read back, marked where it deceives", () => {
    const resources = ["file:/srv/a", "file:/srv/rec\u043erds/b"];
    const page = renderApproval(approvalPage({ ...callDisplay, resource: "file:/srv/a", resources }));
    expect(page).toMatch(/data-from="resource">(<[^>]+>)*file:/);
    expect(page).toMatch(/data-from="resources.0">(<[^>]+>)*file:/);
    expect(page).toMatch(/data-from="resources.1">.*U\+043E/);
    expect(page).toContain("Look closely");
  });
});
