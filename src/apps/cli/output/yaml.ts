// YAML for people, loaded when the first text is asked for: most commands print none, and the library is 70 files.
import { createRequire } from "node:module";
import type { CreateNodeOptions, ToStringOptions } from "yaml";

const require = createRequire(import.meta.url);

/** `stringify` of the yaml package; texts of several lines (rules, scripts) as they were written. */
export function stringify(value: unknown, options: CreateNodeOptions & ToStringOptions = {}): string {
  return (require("yaml") as typeof import("yaml")).stringify(value, { blockQuote: "literal", ...options });
}
