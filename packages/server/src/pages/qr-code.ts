import { encode } from "uqr";
import { html, type Html } from "./html.ts";

/** Light modules around the code, as ISO/IEC 18004 asks. */
const BORDER = 4;

/** An address as a QR code (ISO/IEC 18004, level M): one path of dark runs, without style, for the page's policy. */
export function qrCode(address: string): Html {
  const { data, size } = encode(address, { ecc: "M", border: BORDER });
  let path = "";
  for (const [y, row] of data.entries()) {
    for (let x = 0; x < size; x += 1) {
      if (row[x] !== true) continue;
      const start = x;
      while (row[x + 1] === true) x += 1;
      path += `M${start} ${y}.5h${x - start + 1}`;
    }
  }
  return html`<svg
    class="qr"
    viewBox="0 0 ${size} ${size}"
    shape-rendering="crispEdges"
    role="img"
    aria-label="QR code of this page's address"
  >
    <rect width="${size}" height="${size}" fill="#fff" />
    <path d="${path}" stroke="#000" />
  </svg>`;
}

/** The page's own address, for a phone. Null where a phone cannot reach it. */
export function onPhone(address: string | null): Html | null {
  if (address === null) return null;
  return html`<details id="on-phone">
    <summary>Open this page on a phone</summary>
    <p>Scan this with the phone's camera, sign in there and answer with the passkey that the phone holds.</p>
    ${qrCode(address)}
    <p><code>${address}</code></p>
  </details>`;
}
