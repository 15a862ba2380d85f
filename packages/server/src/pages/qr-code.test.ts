import { encode } from "uqr";
import { describe, expect, it } from "vitest";
import { onPhone, qrCode } from "./qr-code.ts";

const ADDRESS = "https://countersign.example:8443/approve/apr_00Gx2BfW7cRmZt4vLp9DkS";

/** The modules that the path paints. */
function painted(svg: string): { readonly size: number; readonly dark: ReadonlySet<string> } {
  const [, size = "0"] = /viewBox="0 0 (\d+) \1"/.exec(svg) ?? [];
  const dark = new Set<string>();
  for (const [, x = "", y = "", length = ""] of svg.matchAll(/M(\d+) (\d+)\.5h(\d+)/g))
    for (let i = 0; i < Number(length); i += 1) dark.add(`${Number(x) + i} ${y}`);
  return { size: Number(size), dark };
}

describe("qrCode", () => {
  it("paints each dark module once, light ones never, with four light ones around", () => {
    const { data, size } = encode(ADDRESS, { ecc: "M", border: 0 });
    const found = painted(qrCode(ADDRESS).toString());
    expect(found.size).toBe(size + 8);
    const wanted = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`${x + 4} ${y + 4}`] : [])));
    expect([...found.dark].toSorted()).toEqual(wanted.toSorted());
  });

  it("stands with its address in words, and nowhere where a phone cannot come", () => {
    expect(onPhone(ADDRESS)?.toString()).toContain(`<code>${ADDRESS}</code>`);
    expect(onPhone(null)).toBeNull();
  });
});
