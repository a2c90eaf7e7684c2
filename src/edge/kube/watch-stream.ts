// One watch request: lines of events from a resource version on, until the server ends it. Broken lines are refused one by one.
import { Fault } from "../../base/fault.ts";
import { apiFault, statusFault } from "./api-fault.ts";
import { linesOf } from "./body.ts";
import type { Asking } from "./discovery.ts";

export type WatchEvent =
  /** The server took the watch. */
  | { readonly is: "opened" }
  | { readonly is: "put"; readonly object: unknown }
  | { readonly is: "remove"; readonly object: unknown }
  | { readonly is: "bookmark" }
  | { readonly is: "broken"; readonly because: string };

export interface WatchStep {
  readonly event: WatchEvent;
  /** Where to go on from after this event; "" when it does not say. */
  readonly resourceVersion: string;
}

export interface Watching extends Asking {
  readonly path: string;
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
}

/** Ends when the server ends the watch in order. Throws the faults of api-fault.ts ("kube/gone": list anew), "kube/silent", connection errors. */
export async function* watchStream(watching: Watching): AsyncGenerator<WatchStep> {
  const { transport, signal, path, limits, resourceVersion, timeoutSeconds } = watching;
  const query = new URLSearchParams({
    watch: "true",
    allowWatchBookmarks: "true",
    resourceVersion,
    timeoutSeconds: String(timeoutSeconds),
  });
  const answer = await transport.get({ path: `${path}?${query.toString()}`, signal });
  if (answer.status !== 200) throw await apiFault(answer, path, limits);
  yield { event: { is: "opened" }, resourceVersion: "" };
  const bounds = { lineBytesMax: limits.lineBytesMax, silentMs: limits.watchSilentMsMax };
  for await (const line of linesOf(answer.body, bounds)) {
    if (line === undefined) {
      yield broken(`an event is larger than ${limits.lineBytesMax} bytes`);
      continue;
    }
    yield stepOf(line, path);
  }
}

function broken(because: string): WatchStep {
  return { event: { is: "broken", because }, resourceVersion: "" };
}

function stepOf(line: string, path: string): WatchStep {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return broken("a line is not JSON");
  }
  const { type, object } = asRecord(value);
  const { resourceVersion } = asRecord(asRecord(object)["metadata"]);
  const version = typeof resourceVersion === "string" ? resourceVersion : "";
  switch (type) {
    case "ADDED":
    case "MODIFIED":
      return { event: { is: "put", object }, resourceVersion: version };
    case "DELETED":
      return { event: { is: "remove", object }, resourceVersion: version };
    case "BOOKMARK":
      return { event: { is: "bookmark" }, resourceVersion: version };
    case "ERROR":
      throw errorEvent(asRecord(object), path);
    default:
      return broken(`an event is of no known type (${String(type).slice(0, 40)})`);
  }
}

function errorEvent({ code, message }: Readonly<Record<string, unknown>>, path: string): Fault {
  const status = typeof code === "number" ? code : 500;
  return statusFault(status, `${path}: ${typeof message === "string" ? message.slice(0, 300) : "the watch failed"}`);
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
