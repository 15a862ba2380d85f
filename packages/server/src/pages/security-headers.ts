const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const FEATURES = [
  "accelerometer",
  "camera",
  "display-capture",
  "geolocation",
  "microphone",
  "payment",
  "serial",
  "usb",
];

/**
 * Headers of every page: nothing from elsewhere, nothing inline, in no frame (a signature must not be clicked through another site),
 * no text that becomes markup (Trusted Types), kept by no cache.
 */
export function securityHeaders(): Record<string, string> {
  const own = ["publickey-credentials-get", "publickey-credentials-create", "clipboard-write"];
  return {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "origin-agent-cluster": "?1",
    "permissions-policy": [...own.map((name) => `${name}=(self)`), ...FEATURES.map((name) => `${name}=()`)].join(", "),
    "cache-control": "no-store",
  };
}
