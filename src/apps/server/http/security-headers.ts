// Headers of every answer: no framing, no sniffing, no referrer, and a content policy under which only our own files run.

/** Everything comes from our own origin; styles are set through the object model, never as text in a page. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const always: Readonly<Record<string, string>> = {
  "content-security-policy": contentSecurityPolicy,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
};

/** Sets them on an answer that is about to leave. */
export function setSecurityHeaders(headers: Headers, scheme: "http" | "https"): void {
  for (const [name, value] of Object.entries(always)) headers.set(name, value);
  if (scheme === "https") headers.set("strict-transport-security", "max-age=31536000");
}
