// -o and --json of the waf commands.
import type { Context } from "../../context.ts";
import { formatOf, type PolicyFormat } from "../policy/words.ts";

/** --json is short for -o json. */
export function wafFormatOf(context: Context, options: { readonly json?: boolean }): PolicyFormat {
  return options.json === true ? "json" : formatOf(context);
}
