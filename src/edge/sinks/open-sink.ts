// The kinds of sinks, one line each.
import type { SinkTarget } from "../../model/sink.ts";
import { openFile } from "./file.ts";
import type { SinkConnection } from "./sink.ts";
import { openStdout } from "./stdout.ts";
import type { SinkSurroundings } from "./surroundings.ts";
import { openSyslog } from "./syslog.ts";
import { openWebhook } from "./webhook.ts";

/** Rejects with a Fault that says what of the target cannot be: a secret that is not there, an address that may not be connected to. */
export async function openSink(target: SinkTarget, surroundings: SinkSurroundings): Promise<SinkConnection> {
  switch (target.type) {
    case "stdout":
      return openStdout(target, surroundings);
    case "file":
      return openFile(target, surroundings);
    case "syslog":
      return await openSyslog(target, surroundings);
    case "webhook":
      return await openWebhook(target, surroundings);
  }
}

/** Where it goes, in one line without secrets. */
export function targetWords(target: SinkTarget): string {
  switch (target.type) {
    case "stdout":
      return `standard output (${target.format})`;
    case "file":
      return `${target.path} (${target.format})`;
    case "syslog":
      return `${target.transport}://${target.host}:${target.port} (${target.format})`;
    case "webhook":
      return target.url === "" ? "an address that is a secret" : webWords(new URL(target.url));
  }
}

/** Without a query: keys stand in some. */
function webWords({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}
