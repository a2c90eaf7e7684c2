// What `garrison waf exclude` does: find the event, ask for the narrowest exclusion, prove it on the attack corpus, then print the policy.
import { text as readText } from "node:stream/consumers";
import { stringify } from "../../output/yaml.ts";
import { Fault } from "../../../../base/fault.ts";
import { attacks } from "../../../../core/waf/corpus/attacks.ts";
import { proveChange, type AttackPlace, type Tally } from "../../../../core/waf/corpus/prove-change.ts";
import { withBase } from "../../../../core/waf/http/with-base.ts";
import { compileWafPolicies, withExclusions } from "../../../../core/waf/policy/compile-policies.ts";
import { narrowestExclusions } from "../../../../core/waf/policy/narrowest-exclusions.ts";
import { openRules } from "../../../../edge/rules/rule-folder.ts";
import type { WafExclusion } from "../../../../model/waf-policy.ts";
import type { Context } from "../../context.ts";
import { readInputText } from "../../input-file.ts";
import { harmless, harmlessLines } from "../../output/harmless.ts";
import type { WafExcludeFlags } from "./exclude.ts";
import { ExcludableRow, policyHome, withAdded, type PolicyHome } from "./exclude-policy.ts";
import { namedRules, numberOf, usage } from "./flags.ts";
import { engineOf, systemRules } from "./load-rules.ts";

export const eventLinesMax = 1_000_000;

export async function runExclude(
  context: Context,
  { args: [file = "-"], options }: { readonly args: readonly string[]; readonly options: WafExcludeFlags },
): Promise<void> {
  const event = await eventOf(file, options.transaction);
  const asked = (options.rule ?? []).map((one) => numberOf(one, "--rule", { min: 1, max: 999_999_999 }));
  const ruleIds = asked.length > 0 ? asked : deniedAlone(event);
  const [narrowest] = narrowestExclusions(event, { ruleIds, reason: options.reason });
  if (narrowest === undefined)
    throw usage(
      ruleIds.length === 0
        ? "no rule of this request counted to its score"
        : `rule ${ruleIds.join(", ")} is not among those that the event tells`,
      "name the rules that fired wrongly with --rule",
    );
  const home = policyHome(event, options, options.into === undefined ? undefined : await textOf(options.into));
  const known = home.spec.exclusions.map(({ id }) => id);
  const added = narrowest.exclusions.filter(({ id }) => !known.includes(id));
  const manifest = withAdded(home, added);
  const words = [
    `exclusion: ${narrowest.says}`,
    ...remainder(event, added),
    ...prove(context, event, { home, added, options }),
  ];
  const warning = home.isForAll ? `# ${forAll}\n` : "";
  await context.print(warning + harmlessLines(stringify(manifest)));
  for (const word of words) context.say(harmless(word));
  if (home.isForAll) context.say(forAll);
}

const forAll =
  "This policy is for every workload that takes it: the event names none. For one workload alone: --workload NAMESPACE/NAME.";

/** A rule that stopped it by itself, below the threshold: leaving out what merely counted would change nothing. */
function deniedAlone(event: ExcludableRow): readonly number[] {
  const { decidingRule, inboundScore = 0, outboundScore, inboundThreshold, outboundThreshold } = event;
  if (decidingRule === 0 || event.inboundScore === undefined) return [];
  const isOver = inboundScore >= inboundThreshold || (event.phase > 2 && outboundScore >= outboundThreshold);
  return isOver ? [] : [decidingRule];
}

/** What the request would still score: a proposal for some of its rules may not be enough. */
function remainder(event: ExcludableRow, added: readonly WafExclusion[]): readonly string[] {
  const { inboundScore, inboundThreshold, phase } = event;
  if (inboundScore === undefined || phase > 2) return [];
  const excluded = new Set(added.flatMap(({ rules }) => rules));
  const gone = event.ruleIds.reduce(
    (sum, id, index) => (excluded.has(String(id)) ? sum + (event.scores[index] ?? 0) : sum),
    0,
  );
  const left = inboundScore - gone;
  const end = left >= inboundThreshold ? "still stopped: name more rules with --rule" : "below the threshold";
  return [`this request: score ${inboundScore} before, ${left} of ${inboundThreshold} after, ${end}`];
}

async function eventOf(file: string, transaction: string | undefined): Promise<ExcludableRow> {
  const lines = (await textOf(file)).split("\n").slice(0, eventLinesMax);
  const events = lines.flatMap((line) => {
    const parsed = ExcludableRow.safeParse(jsonOf(line));
    return parsed.success ? [parsed.data] : [];
  });
  const wanted =
    transaction === undefined
      ? events.findLast(({ verdict }) => verdict === "blocked" || verdict === "detected")
      : events.find(({ transactionId }) => transactionId === transaction);
  if (wanted !== undefined) return wanted;
  const what =
    transaction === undefined ? "no request that was, or would have been, blocked" : `no request ${transaction}`;
  throw new Fault(`${file} has ${what}`, {
    code: "cli/no-event",
    kind: "not-found",
    hint: "events are lines of JSON: `garrison waf serve --events FILE`, or `garrison events --kinds waf -o jsonl`",
  });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // No event: the file may hold other lines; without any event the caller says so.
    return undefined;
  }
}

async function textOf(file: string): Promise<string> {
  if (file === "-") return readText(process.stdin);
  return readInputText(file, { hint: "name a file that is there, or - for standard input" });
}

interface Proving {
  readonly home: PolicyHome;
  readonly added: readonly WafExclusion[];
  readonly options: WafExcludeFlags;
}

/** Under the policy's own settings, over the rules as a gateway reads them. */
function prove(context: Context, event: ExcludableRow, { home, added, options }: Proving): readonly string[] {
  const opened = openRules(namedRules(options.rules ?? [systemRules()]));
  const nowMs = context.nowMs();
  const { scope, name, spec } = home;
  const base = { files: withBase(opened.files), reader: opened.reader };
  const compiled = compileWafPolicies({ policies: [{ scope, name, spec }], floor: undefined, base, nowMs });
  const { ruleSet } = compiled.parsed;
  const inForce = compiled.inForce.get(`${scope} ${name}`);
  if (inForce === undefined)
    throw usage(`nothing of policy ${name} can be in force`, compiled.problems[0]?.message ?? "look at its target");
  // A person asks about rules, not about this machine's load; and whether an attack is caught is asked in blocking mode.
  const { budget: _budget, ...unhurried } = inForce;
  const before = { ...unhurried, mode: "block" } as const;
  const { policy: after, problems } = withExclusions(before, added, { ruleSet, nowMs });
  const places = added.map((exclusion) => placeOf(event, exclusion));
  const proof = proveChange(engineOf({ ruleSet }), { attacks, before, after, places });
  return [
    ...[...compiled.problems, ...problems].map(({ message }) => message),
    `attacks elsewhere: ${caughtWords(proof.whole)}`,
    ...proof.atPlaces.map(
      (tally) => `attacks in ${tally.place.variable} of ${tally.place.path}: ${caughtWords(tally)}`,
    ),
  ];
}

/** Where an exclusion applies: the member it names, or the variable that its rules matched. */
function placeOf(event: ExcludableRow, { rules, target }: WafExclusion): AttackPlace {
  const index = event.ruleIds.findIndex((id) => rules.includes(String(id)));
  const isMember = target.includes(":") && !target.includes(":/");
  return { method: event.method, path: event.path, variable: isMember ? target : (event.variables[index] ?? "") };
}

function caughtWords({ attacks: all, caughtBefore, caughtAfter }: Tally): string {
  return `${caughtBefore} of ${all} caught before, ${caughtAfter} after`;
}
