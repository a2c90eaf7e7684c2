// An id for an exclusion that people did not name: the same for the same content, a label's characters.
import type { WafExclusion } from "../../../model/waf-policy.ts";
import { createDigest } from "../seclang/digest.ts";
import { byteText } from "./byte-text.ts";

/** "fp-942100-3f2a9c41". */
export function exclusionIdOf(body: Pick<WafExclusion, "rules" | "tags" | "target" | "path" | "methods">): string {
  const digest = createDigest();
  for (const part of [body.rules.join(), body.tags.join(), body.target, body.path, body.methods.join()])
    digest.add(byteText(part));
  return `fp-${body.rules[0]?.split("-")[0] ?? "tag"}-${digest.hex.slice(0, 8)}`;
}
