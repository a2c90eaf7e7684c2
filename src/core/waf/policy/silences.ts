// Whether exclusions really keep an event's rules quiet: by what the event says, and by running a request again.
import type { Transaction, TransactionPolicy, TransactionReport, WafEngine } from "../engine/engine.ts";
import { placeTest } from "../engine/exclusions.ts";
import { selectorOf, targetOf } from "../engine/selectors.ts";
import type { WafExclusion } from "../../../model/waf-policy.ts";
import { byteText } from "./byte-text.ts";
import { variablesOf } from "./narrowest-exclusions.ts";
import type { ExcludableEvent } from "./narrowest-exclusions.ts";

export interface Silence {
  /** Rules that would still speak, and why. Empty: all are quiet, as far as can be told. */
  readonly stillSpeak: readonly { readonly ruleId: number; readonly because: string }[];
}

/**
 * By the event alone, for the rules asked for. Rows of before `places` name the first variable of each rule only: that it matched another one too, only a request
 * that is run again can tell.
 */
export function coversEvent(
  event: ExcludableEvent,
  exclusions: readonly WafExclusion[],
  ruleIds: readonly number[],
): Silence {
  const stillSpeak = event.ruleIds.flatMap((ruleId, index) => {
    if (!ruleIds.includes(ruleId)) return [];
    const open = variablesOf(event, ruleId, event.variables[index] ?? "").find(
      (variable) => !exclusions.some((exclusion) => isCoveredBy(exclusion, { event, ruleId, variable })),
    );
    return open === undefined ? [] : [{ ruleId, because: `nothing excludes ${open === "" ? "it" : open} here` }];
  });
  return { stillSpeak };
}

interface Spoken {
  readonly event: ExcludableEvent;
  readonly ruleId: number;
  readonly variable: string;
}

function isCoveredBy(exclusion: WafExclusion, { event, ruleId, variable }: Spoken): boolean {
  const isMeant = exclusion.rules.some((text) => {
    const [from = "0", to = from] = text.split("-");
    return ruleId >= Number(from) && ruleId <= Number(to);
  });
  if (!isMeant) return false;
  if (exclusion.methods.length > 0 && !exclusion.methods.includes(event.method.toUpperCase())) return false;
  if (exclusion.path !== "" && !placeTest(byteText(exclusion.path))(byteText(event.path))) return false;
  if (exclusion.target === "") return true;
  const selector = selectorOf(targetOf(byteText(exclusion.target)));
  const colon = variable.indexOf(":");
  const name = (colon < 0 ? variable : variable.slice(0, colon)).toUpperCase();
  return selector.name === name && selector.hasKey(byteText(colon < 0 ? "" : variable.slice(colon + 1)));
}

/** By running a request again under a policy: `feed` hands it to a transaction. Rules in `ruleIds` that still match are told with the variable that did. */
export function silencesRequest(
  engine: WafEngine,
  policy: TransactionPolicy,
  asked: { readonly ruleIds: readonly number[]; readonly feed: (transaction: Transaction) => void },
): Silence & { readonly report: TransactionReport } {
  // Detection goes through all rules: a block would hide those that come later.
  const transaction = engine.begin({ ...policy, mode: "detect" });
  asked.feed(transaction);
  const report = transaction.finish();
  const stillSpeak = report.rules
    .filter(({ ruleId }) => asked.ruleIds.includes(ruleId))
    .map(({ ruleId, variables }) => ({ ruleId, because: `it matches ${variables[0]?.name ?? "the request"}` }));
  return { stillSpeak, report };
}
