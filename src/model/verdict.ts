// What was decided about traffic, always with its reason. `unknown` is a value: it says why it is not known.
import { z } from "zod";

export const verdictNames = ["allow", "deny", "pass", "log", "unknown"] as const;
export const VerdictName = z.enum(verdictNames);
export type VerdictName = z.infer<typeof VerdictName>;

export const Verdict = z.object({
  verdict: VerdictName,
  /** One short clause: "established", "policy shop/db rule 2", "unknown, because UDP has no handshake". */
  because: z.string(),
});
export type Verdict = z.infer<typeof Verdict>;
