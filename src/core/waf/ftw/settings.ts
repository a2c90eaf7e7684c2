// How the Core Rule Set's own suite wants to be run.
import type { TransactionPolicy } from "../engine/engine.ts";

/** Values that the suite's set-up gives to variables of crs-setup. */
export const suiteSettings: ReadonlyMap<string, string> = new Map([
  ["arg_length", "400"],
  ["total_arg_length", "6400"],
  ["max_file_size", "64100"],
  ["combined_file_sizes", "65535"],
  ["crs_validate_utf8_encoding", "1"],
]);

/** All levels, nothing blocked, answers looked at. */
export const suitePolicy: TransactionPolicy = {
  name: "test-suite",
  mode: "detect",
  paranoia: 4,
  detectionParanoia: 4,
  inboundThreshold: 5,
  outboundThreshold: 4,
  responseBodies: true,
  settings: suiteSettings,
  exclusions: [],
  layers: [],
};
