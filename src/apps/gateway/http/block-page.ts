// What a client gets that was stopped or could not be served: small, with the transaction's id, and nothing about rules or upstreams.
import { headerOf, type HeaderList } from "../inspect.ts";

export interface Page {
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
}

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  413: "Content Too Large",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

export function reasonOf(status: number): string {
  return reasons[status] ?? (status < 400 ? "Found" : "Error");
}

/** problem+json (RFC 9457) for who accepts JSON and not HTML, else a short page. `id` is letters, digits and dashes. */
export function createPage(status: number, id: string, request: HeaderList, location = ""): Page {
  const accept = (headerOf(request, "accept") ?? "").toLowerCase();
  const isJson = accept.includes("json") && !accept.includes("text/html");
  const reason = reasonOf(status);
  const text = isJson ? jsonText(status, reason, id) : htmlText(status, reason, id);
  const body = Buffer.from(text, "latin1");
  const headers: [string, string][] = [
    ["Content-Type", isJson ? "application/problem+json" : "text/html; charset=utf-8"],
    ["Cache-Control", "no-store"],
    ["X-Content-Type-Options", "nosniff"],
  ];
  // A location that could end the header has no business there.
  if (location !== "" && /^[\x21-\x7e\x80-\xff]+$/.test(location)) headers.push(["Location", location]);
  return { status, reason, headers, body };
}

function jsonText(status: number, title: string, transaction: string): string {
  return `${JSON.stringify({ type: "about:blank", title, status, transaction })}\n`;
}

function htmlText(status: number, reason: string, id: string): string {
  const reference = id === "" ? "" : `<p>Reference: ${id.replaceAll(/[^A-Za-z0-9_.@-]/g, "")}</p>`;
  return `<!doctype html><meta charset="utf-8"><title>${status} ${reason}</title><h1>${status} ${reason}</h1>${reference}\n`;
}
