// TX values of crs-setup that a team may set for itself. Each says what is ordinary for its application; none takes part in scoring or in which rules run.
import { nearest } from "../../../base/nearest.ts";
import { byteText } from "./byte-text.ts";
import type { Tell } from "./named.ts";

export const teamSettings = [
  "allowed_http_versions",
  "allowed_methods",
  "allowed_request_content_type",
  "allowed_request_content_type_charset",
  "arg_length",
  "arg_name_length",
  "combined_file_sizes",
  "crs_validate_utf8_encoding",
  "max_file_size",
  "max_num_args",
  "restricted_extensions",
  "restricted_headers",
  "restricted_headers_basic",
  "restricted_headers_extended",
  "total_arg_length",
] as const;

const known: ReadonlySet<string> = new Set(teamSettings);

/** By name in lower case. What a team may not set is left out and told. */
export function settingsOf(given: Readonly<Record<string, string>>, tell: Tell): ReadonlyMap<string, string> {
  const taken = new Map<string, string>();
  for (const [name, value] of Object.entries(given)) {
    if (known.has(name)) {
      taken.set(name, byteText(value));
      continue;
    }
    const near = nearest(name, teamSettings);
    tell({
      severity: "error",
      code: "waf/setting-refused",
      message: `settings.${name} is not a policy's to set`,
      hint:
        near === undefined
          ? "levels are spec.paranoia, thresholds spec.thresholds; the rest is set in the operator's crs-setup.conf"
          : `did you mean ${near}?`,
    });
  }
  return taken;
}
