// Advice on one image: opened where it is, looked through, its base recognised. Loaded only when an image is named.
import { adviseImage } from "../../../../core/image/advise-image.ts";
import { proposeBases } from "../../../../core/image/base/propose.ts";
import { recogniseBase } from "../../../../core/image/base/recognise.ts";
import type { LintOptions } from "../../../../core/image/dockerfile/options.ts";
import type { AdvisedTarget } from "../../../../core/image/report/advice-report.ts";
import type { Context } from "../../context.ts";
import type { AdviseFlags } from "./advise.ts";
import { analysisOf } from "./open-analysis.ts";

export async function adviseOneImage(
  context: Context,
  input: { readonly args: readonly string[]; readonly options: AdviseFlags },
  { ignored = [], override = {} }: LintOptions,
): Promise<AdvisedTarget> {
  const analysis = await analysisOf(context, input);
  for (const { kind, because, count } of analysis.gaps.slice(0, 20))
    context.say(`gap: ${kind}: ${because}${count > 1 ? ` (${count})` : ""}`);
  const nowMs = context.nowMs();
  const base = recogniseBase(analysis);
  const findings = adviseImage(analysis, { nowMs, ignored, override, base });
  return {
    name: analysis.reference,
    kind: "image",
    findings,
    base,
    proposals: proposeBases(analysis, { base, nowMs }),
  };
}
