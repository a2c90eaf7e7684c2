// Which settings a request may bring: the protocol's own names are taken out, a reader's are checked against a list and clamped.
import { Fault } from "../../base/fault.ts";
import type { Role } from "./engine.ts";
import { readerSettings } from "./guard-lists.ts";

/** Upper limits of what a reader may ask for. */
export interface RequestLimits {
  readonly readSecondsMax: number;
  readonly readMemoryBytesMax: number;
  readonly readRowsMax: number;
  readonly resultRowsMax: number;
}

/** Names of the HTTP protocol that are no settings; those that would change who asks or hold state are refused by absence. */
const protocolNames = new Set([
  "query",
  "query_id",
  "database",
  "default_format",
  "wait_end_of_query",
  "send_progress_in_http_headers",
  "http_headers_progress_interval_ms",
  "cancel_http_readonly_queries_on_client_close",
  "enable_http_compression",
  "client_protocol_version",
]);

/** The settings to run with, or the error to answer. */
export function settingsOf(query: URLSearchParams, role: Role, limits: RequestLimits): Record<string, string> | Fault {
  const settings: Record<string, string> = {};
  for (const [name, value] of query) {
    if (protocolNames.has(name) || name.startsWith("param_")) continue;
    if (!/^[a-z][a-z0-9_]{0,127}$/.test(name)) return settingFault(name.slice(0, 64));
    if (role === "reader" && !readerSettings.has(name)) return settingFault(name);
    if (name === "readonly" || name === "user" || name === "password") return settingFault(name);
    settings[name] = role === "reader" ? clamp(name, value, limits) : value;
  }
  return settings;
}

function clamp(name: string, value: string, limits: RequestLimits): string {
  const maximum = maximumOf(name, limits);
  if (maximum === undefined) return value;
  const asked = Number(value);
  // 0 means "without limit" to the engine.
  return asked > 0 && asked <= maximum ? value : String(maximum);
}

function maximumOf(name: string, limits: RequestLimits): number | undefined {
  switch (name) {
    case "max_execution_time":
      return limits.readSecondsMax;
    case "max_memory_usage":
      return limits.readMemoryBytesMax;
    case "max_rows_to_read":
      return limits.readRowsMax;
    case "max_result_rows":
      return limits.resultRowsMax;
    case "max_result_bytes":
      return 128 * 1024 * 1024;
    case "max_threads":
      return 4;
    case "max_block_size":
      return 65_536;
    default:
      return undefined;
  }
}

function settingFault(name: string): Fault {
  return new Fault(`Code: 452. DB::Exception: Setting ${name} should not be changed (SETTING_CONSTRAINT_VIOLATION)`, {
    code: "store/setting-refused",
    kind: "forbidden",
  });
}
