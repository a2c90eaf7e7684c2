// What `garrison waf test` does: one request through a fresh engine, explained.
import type { TransactionPolicy, TransactionReport } from "../../../../core/waf/engine/engine.ts";
import { feedRequest } from "../../../../core/waf/ftw/run-stage.ts";
import type { RawRequest } from "../../../../core/waf/http/read-request.ts";
import { refusalOf } from "../../../../core/waf/http/refusal.ts";
import type { Context } from "../../context.ts";
import { printDocument } from "../policy/words.ts";
import { askedRequest } from "./ask-request.ts";
import { explainReport, printable } from "./explain-report.ts";
import { numberOf, paranoiaOf, settingsOf } from "./flags.ts";
import { wafFormatOf } from "./format-of.ts";
import { engineOf, loadRules, type LoadedRules } from "./load-rules.ts";
import { isPartial, sayProblems } from "./problem-words.ts";
import type { WafTestFlags } from "./test.ts";

export async function runTest(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: WafTestFlags },
): Promise<number> {
  const request = await askedRequest(options);
  const loaded = loadRules(args);
  const engine = engineOf(loaded, { isSilentListed: options.all === true, isMultiline: options.multiline === true });
  const problems = [...loaded.problems, ...engine.problems];
  sayProblems(context, problems);
  const policy = policyOf(options, loaded);
  const transaction = engine.begin(policy);
  feedRequest(transaction, request);
  const report = transaction.finish();
  await print(context, options, { policy, request, report });
  const { httpLimits } = await import("../../../gateway/limits.ts");
  if (request.body.length > httpLimits.heldBytesMax)
    context.say(
      `request: a gateway holds ${httpLimits.heldBytesMax} bytes of a body for its verdict: it answers this one with 413 in mode block, and passes it uninspected in mode detect or with --body-too-large pass`,
    );
  if (options.expect !== undefined && options.expect !== (report.interruption === undefined ? "pass" : "block"))
    return 3;
  return isPartial(problems) ? 7 : 0;
}

function policyOf(flags: WafTestFlags, loaded: LoadedRules): TransactionPolicy {
  const paranoia = paranoiaOf(flags.paranoia ?? "1");
  return {
    name: "",
    mode: flags.mode,
    paranoia,
    detectionParanoia: paranoia,
    inboundThreshold: numberOf(flags.inboundThreshold ?? "5", "--inbound-threshold", { min: 1, max: 1_000_000 }),
    outboundThreshold: 4,
    responseBodies: false,
    settings: settingsOf(flags.setting),
    exclusions: [],
    layers: loaded.layers,
  };
}

interface Answer {
  readonly policy: TransactionPolicy;
  readonly request: RawRequest;
  readonly report: TransactionReport;
}

async function print(context: Context, options: WafTestFlags, { policy, request, report }: Answer): Promise<void> {
  const refusal = refusalOf(request);
  const format = wafFormatOf(context, options);
  if (format !== "table") return printDocument(context, format, documentOf(report, request, refusal));
  for (const problem of request.problems) context.say(`request: ${problem}`);
  if (refusal !== undefined) context.say(`request: our proxy answers it with 400 before rules see it: ${refusal}`);
  const { paint, width } = context;
  const showsAll = options.all === true;
  const line = `${printable(request.line)}  ${paint.dim(`${request.headers.length} headers, ${request.body.length} bytes of body`)}\n\n`;
  await context.print(
    line + explainReport(report, { paint, width, inboundThreshold: policy.inboundThreshold, showsAll }),
  );
}

/** Values stand as bytes (latin1), as rules see them. */
function documentOf(report: TransactionReport, request: RawRequest, refusal: string | undefined): object {
  let score = 0;
  return {
    request: {
      line: request.line,
      headers: request.headers,
      bodyBytes: request.body.length,
      problems: request.problems,
    },
    ...(refusal === undefined ? {} : { refusal }),
    verdict: report.interruption === undefined ? "pass" : "block",
    isBlocked: report.isBlocked,
    interruption: report.interruption,
    inboundScore: report.inboundScore,
    outboundScore: report.outboundScore,
    notInspected: report.notInspected,
    evaluationUs: report.evaluationUs,
    rules: report.rules.map((rule) => {
      score += rule.score;
      return { ...rule, runningScore: score };
    }),
  };
}
