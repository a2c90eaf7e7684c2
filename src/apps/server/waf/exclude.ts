// "This was no attack": the narrowest exclusion for one event, the policy it would stand in, and what is still caught with it. Nothing is put.
import type { Resource } from "../../../model/resource.ts";
import { Fault, toFault } from "../../../base/fault.ts";
import { WafFloor, WafPolicy, type WafExclusion } from "../../../model/waf-policy.ts";
import type { NamedWafFloor } from "../../../core/waf/policy/named.ts";
import { narrowestExclusions } from "../../../core/waf/policy/narrowest-exclusions.ts";
import type { Shown } from "../../../model/table.ts";
import type { waf } from "../contract/waf.ts";
import { wafLimits } from "../contract/waf.ts";
import type { BodyOf, ResponseOf } from "../contract/endpoint.ts";
import type { WafBoardParts } from "./board.ts";
import { type KeptPolicy, keptPolicies, modeOf } from "./modes.ts";
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
  const home = homeOf(event, policies);
  const exclusions = [...home.spec.exclusions, ...added(home.spec.exclusions, narrowest.exclusions)];
  return {
    exclusions: [...narrowest.exclusions],
    policy: { scope: home.scope, name: home.name, generation: home.generation },
    spec: { ...home.spec, exclusions },
    proof: await proofOf(parts, rules, { event, home, exclusions: narrowest.exclusions, floors }),
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

/** The policy that judged it; else the one that selects its workload now; else a new one for the workload alone, as strict as the gateway was. */
function homeOf(event: Event, resources: readonly Resource[]): Home {
  const policies = keptPolicies(resources);
  const scopes = [`node/${event.cluster}/${event.node}`, `cluster/${event.cluster}`, "global"];
  const { policies: selecting } = modeOf(policies, event);
  const named = scopes.flatMap(
    (scope) => policies.find((each) => each.scope === scope && each.name === event.policy) ?? [],
  );
  const found =
    named[0] ?? policies.find((each) => each.scope === selecting[0]?.scope && each.name === selecting[0].name);
  if (found !== undefined) {
    const generation =
      resources.find(({ scope, name }) => scope === found.scope && name === found.name)?.generation ?? 0;
    return { ...found, generation };
  }
  const { namespace, workload, cluster, mode, inboundThreshold, outboundThreshold } = event;
  return {
    scope: `cluster/${cluster}`,
    name: nameFor(namespace, workload),
    generation: 0,
    spec: WafPolicy.parse({
      target: { namespace, workload },
      mode,
      thresholds: { inbound: Math.max(1, inboundThreshold), outbound: Math.max(1, outboundThreshold) },
    }),
  };
}

function nameFor(namespace: string, workload: string): string {
  const name = `${namespace}-${workload}`.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, "-");
  return name.replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, "").slice(0, 253) || "every-workload";
}

interface Question {
  readonly event: Event;
  readonly home: Home;
  readonly exclusions: readonly WafExclusion[];
  readonly floors: readonly Resource[];
}

async function proofOf(parts: WafBoardParts, rules: RulesDesk, question: Question): Promise<Proof> {
  const { event, home, exclusions, floors } = question;
  const folder = rules.folder();
  if (folder === undefined) return notProved(rules.without);
  try {
    const proved = await proveApart({
      folder,
      policy: home,
      floor: floorOf(floors, event.cluster),
      exclusions,
      place: { method: event.method, path: event.path, variable: event.variables[0] ?? "" },
      nowMs: parts.clock.nowMs(),
    });
    return shownProof(proved);
  } catch (thrown) {
    const { message, kind } = toFault(thrown);
    if (kind === "internal") throw thrown;
    return notProved(message);
  }
}

/** The narrower one counts, as at the gateways. */
function floorOf(floors: readonly Resource[], cluster: string): NamedWafFloor | undefined {
  const found =
    floors.find(({ scope }) => scope === `cluster/${cluster}`) ?? floors.find(({ scope }) => scope === "global");
  const spec = WafFloor.safeParse(found?.spec);
  return found === undefined || !spec.success ? undefined : { scope: found.scope, name: found.name, spec: spec.data };
}

const nothing = { attacks: 0, caughtBefore: 0, caughtAfter: 0 };

function notProved(because: string): Proof {
  return { ...nothing, lost: [], lostOmitted: 0, atTarget: nothing, corpus: "", because };
}

function shownProof({ proof, problems, rules }: Proved): Proof {
  const { attacks, caughtBefore, caughtAfter, lost } = proof.whole;
  const { attacks: tried = 0, caughtBefore: before = 0, caughtAfter: after = 0 } = proof.atPlace ?? {};
  return {
    attacks,
    caughtBefore,
    caughtAfter,
    lost: lost.slice(0, wafLimits.lostMax).map((each) => ({ ...each, rulesBefore: [...each.rulesBefore] })),
    lostOmitted: Math.max(0, lost.length - wafLimits.lostMax),
    atTarget: { attacks: tried, caughtBefore: before, caughtAfter: after },
    corpus: `built in; this server's rules: ${rules}`,
    because: problems.join("; "),
  };
}
