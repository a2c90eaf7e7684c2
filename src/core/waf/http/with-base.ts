// A rule set's files with the base directives before them, unless the files bring their like.
import type { RuleFile } from "../seclang/parsed.ts";
import { baseDirectives, baseFileName } from "./base-directives.ts";

/** Who brings a ModSecurity configuration has set bodies and limits there. */
export function withBase(files: readonly RuleFile[]): readonly RuleFile[] {
  const hasOwn = files.some(({ text }) => /^[ \t]*SecRequestBodyAccess\b/im.test(text));
  return hasOwn ? files : [{ file: baseFileName, text: baseDirectives }, ...files];
}
