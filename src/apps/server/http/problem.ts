// A fault as problem+json (RFC 9457): the one way in which this server says no.
import { Fault, httpStatusOf, toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Problem } from "../contract/common.ts";

const titles: Readonly<Record<number, string>> = {
  400: "Bad input",
  401: "No valid credential",
  403: "Not allowed",
  404: "Not found",
  409: "Conflict",
  413: "Too large",
  429: "Too many",
  500: "Unexpected error",
  503: "Unavailable",
};

/** The problem that answers a fault. What is not a fault is a bug: its words stay in the log. */
export function problemOf(thrown: unknown): Problem {
  const fault = toFault(thrown);
  const status = httpStatusOf(fault);
  const isBug = !(thrown instanceof Fault);
  return {
    type: `urn:garrison:problem:${fault.code}`,
    title: titles[status] ?? "Error",
    status,
    detail: isBug ? "the server met an error of its own; its log has the details" : fault.message,
    code: fault.code,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    ...(fault.where === undefined ? {} : { where: fault.where }),
  };
}

/** The answer; logs what is our own fault once, with its stack. */
export function problemResponse(thrown: unknown, logger: Logger): Response {
  const problem = problemOf(thrown);
  if (problem.status === 500) logger.error({ error: stackOf(thrown) }, "request failed");
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (problem.status === 401) headers.set("www-authenticate", "Bearer");
  if (thrown instanceof Fault && thrown.retryAfterMs !== undefined) {
    headers.set("retry-after", String(Math.max(1, Math.ceil(thrown.retryAfterMs / 1000))));
  }
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}

function stackOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? "" : `\ncaused by ${stackOf(thrown.cause)}`;
  return `${thrown.stack ?? thrown.message}${cause}`;
}
