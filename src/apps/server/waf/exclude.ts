// "This was no attack": the narrowest exclusion for one event, the policy it would stand in, and what is still caught with it. Nothing is put.
import type { Resource } from "../../../model/resource.ts";
import { Fault, toFault } from "../../../base/fault.ts";
import { WafPolicy, type WafExclusion } from "../../../model/waf-policy.ts";
import type { NamedWafFloor } from "../../../core/waf/policy/named.ts";
import type { AttackPlace } from "../../../core/waf/corpus/prove-change.ts";
import { narrowestExclusions } from "../../../core/waf/policy/narrowest-exclusions.ts";
import type { Shown } from "../../../model/table.ts";
import type { waf } from "../contract/waf.ts";
import { policyNameFor } from "../contract/waf-words.ts";
import { wafLimits } from "../contract/waf.ts";
import type { BodyOf, ResponseOf } from "../contract/endpoint.ts";
import type { WafBoardParts } from "./board.ts";
import { floorOf, type KeptPolicy, keptPolicies, modeOf } from "./modes.ts";
import { proveApart, type Proved } from "./proof.ts";
import { keptRequest } from "./request.ts";
import type { RulesDesk } from "./rules-desk.ts";

type Answer = ResponseOf<(typeof waf)["wafExclude"]>;
type Proof = Answer["proof"];
type Event = Shown<"waf_events">;

/** A reason is asked for before it is put; until then the proposal says this. */
const unsaid = "no attack (reason to be given)";

export async function proposeExclusion(
  parts: WafBoardParts,
  rules: RulesDesk,
  body: BodyOf<(typeof waf)["wafExclude"]>,
): Promise<Answer> {
  const { event } = await keptRequest(parts, body);
  const reason = (body.reason ?? "").trim();
  const [narrowest] = narrowestExclusions(event, {
    ruleIds: body.ruleIds ?? [],
    reason: reason.length < 3 ? unsaid : reason,
  });
  if (narrowest === undefined)
    throw new Fault("no rule of this request counted to its score", {
      code: "waf/nothing-to-exclude",
      kind: "usage",
      hint: "Name the rules that fired wrongly, or raise the limit that it went over.",
    });
  const [policies, floors] = await Promise.all([
    parts.state.resources.list("WafPolicy"),
    parts.state.resources.list("WafFloor"),
  ]);
  const floor = floorOf(floors, event.cluster);
  const home = homeOf(event, policies, floor);
  const exclusions = [...home.spec.exclusions, ...added(home.spec.exclusions, narrowest.exclusions)];
  return {
    exclusions: [...narrowest.exclusions],
    policy: { scope: home.scope, name: home.name, generation: home.generation },
    spec: { ...home.spec, exclusions },
    proof: await proofOf(parts, rules, { event, home, exclusions: narrowest.exclusions, floor }),
  };
}

/** Those that do not stand there yet. */
function added(present: readonly WafExclusion[], wanted: readonly WafExclusion[]): readonly WafExclusion[] {
  return wanted.filter(({ id }) => !present.some((each) => each.id === id));
}

interface Home extends KeptPolicy {
  /** 0: there is none yet. */
  readonly generation: number;
}

/**
 * The policy that judged it; else the one that decides for its workload now; else a new one for the workload alone, as strict as the gateway was as far as the event
 * tells. Throws Fault "waf/no-home" where nobody is known whom a policy could be for.
 */
function homeOf(event: Event, resources: readonly Resource[], floor: NamedWafFloor | undefined): Home {
  const policies = keptPolicies(resources);
  const scopes = [`node/${event.cluster}/${event.node}`, `cluster/${event.cluster}`, "global"];
  const { policies: deciding } = modeOf({ policies, floor }, event);
  const named = scopes.flatMap(
    (scope) => policies.find((each) => each.scope === scope && each.name === event.policy) ?? [],
  );
  const found =
    named[0] ?? policies.find((each) => each.scope === deciding[0]?.scope && each.name === deciding[0].name);
  if (found !== undefined) {
    const generation =
      resources.find(({ scope, name }) => scope === found.scope && name === found.name)?.generation ?? 0;
    return { ...found, generation };
  }
  const { namespace, workload, cluster, mode, inboundThreshold, outboundThreshold } = event;
  if (workload === "")
    throw new Fault("the workload of this request is not known, and no policy judged it", {
      code: "waf/no-home",
      kind: "usage",
      hint: "A policy would be for every workload: write one for those that are meant (`garrison waf exclude` makes the exclusion).",
    });
  // Levels that scored counted: a lower one would switch them off for the whole workload.
  const paranoia = Math.min(4, Math.max(1, ...event.paranoias.filter((_, index) => (event.scores[index] ?? 0) > 0)));
  return {
    scope: `cluster/${cluster}`,
    name: policyNameFor(event),
    generation: 0,
    spec: WafPolicy.parse({
      target: {
        namespace,
        workload,
      },
      mode,
      paranoia,
      detectionParanoia: paranoia,
      thresholds: {
        inbound: Math.max(1, inboundThreshold),
        outbound: Math.max(1, outboundThreshold),
      },
    }),
  };
}

interface Question {
  readonly event: Event;
  readonly home: Home;
  readonly exclusions: readonly WafExclusion[];
  readonly floor: NamedWafFloor | undefined;
}

async function proofOf(parts: WafBoardParts, rules: RulesDesk, question: Question): Promise<Proof> {
  const { event, home, exclusions, floor } = question;
  const folder = rules.folder();
  if (folder === undefined) return notProved(rules.without);
  try {
    const proved = await proveApart({
      folder,
      policy: home,
      floor,
      exclusions,
      places: exclusions.map((exclusion) => placeOf(event, exclusion)),
      nowMs: parts.clock.nowMs(),
    });
    return shownProof(proved);
  } catch (thrown) {
    const { message, kind } = toFault(thrown);
    if (kind === "internal") throw thrown;
    return notProved(message);
  }
}

/** Where the exclusion applies: the variable that its rules matched. */
function placeOf(event: Event, { rules }: WafExclusion): AttackPlace {
  const index = event.ruleIds.findIndex((ruleId, at) => rules.includes(String(ruleId)) && (event.scores[at] ?? 0) > 0);
  return { method: event.method, path: event.path, variable: event.variables[Math.max(0, index)] ?? "" };
}

const nothing = { attacks: 0, caughtBefore: 0, caughtAfter: 0 };

function notProved(because: string): Proof {
  return { ...nothing, lost: [], lostOmitted: 0, atTarget: nothing, corpus: "", because };
}

/** Every attack once per excluded place. */
function summed(tallies: Proved["proof"]["atPlaces"]): Proof["atTarget"] {
  return tallies.reduce(
    (sum, { attacks, caughtBefore, caughtAfter }) => ({
      attacks: sum.attacks + attacks,
      caughtBefore: sum.caughtBefore + caughtBefore,
      caughtAfter: sum.caughtAfter + caughtAfter,
    }),
    nothing,
  );
}

function shownProof({ proof, problems, rules }: Proved): Proof {
  const { attacks, caughtBefore, caughtAfter, lost } = proof.whole;
  return {
    attacks,
    caughtBefore,
    caughtAfter,
    lost: lost.slice(0, wafLimits.lostMax).map((each) => ({ ...each, rulesBefore: [...each.rulesBefore] })),
    lostOmitted: Math.max(0, lost.length - wafLimits.lostMax),
    atTarget: summed(proof.atPlaces),
    corpus: `built in; this server's rules: ${rules}`,
    because: problems.join("; "),
  };
}
