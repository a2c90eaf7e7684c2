// What a change of policies would do to the recorded flows of a window, and to whom it applies. Asks the engine that judges and enforces.
import type { z } from "zod";
import { protocolName } from "../../../core/policy/protocols.ts";
import { createPolicyEngine } from "../../../core/policy/evaluate/create-engine.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import { lint } from "../../../core/policy/lint/lint.ts";
import type { PolicyProblem } from "../../../core/policy/model.ts";
import { simulate, type SimulatedGroup } from "../../../core/policy/simulate/simulate.ts";
import type { World } from "../../../core/policy/world.ts";
import type { Queries } from "../../../edge/store/queries/queries.ts";
import type { policy } from "../contract/policy.ts";
import { policyLimits, type VerdictChange } from "../contract/policy-shapes.ts";
import { problemsOf } from "./board.ts";
import type { PolicyDesk } from "./desk.ts";
import { policyDeskLimits } from "./limits.ts";
import { problemOf } from "./lint-notes.ts";
import { type Proposed, proposedOf } from "./proposed.ts";
import { recordedFlows } from "./window-counts.ts";

type Asked = z.infer<(typeof policy)["policyPreview"]["body"]>;
type Preview = z.infer<(typeof policy)["policyPreview"]["response"]>;

export interface AnsweringParts {
  readonly desk: PolicyDesk;
  readonly queries: Pick<Queries, "policyFlowKeys">;
}

export async function previewed({ desk, queries }: AnsweringParts, body: Asked): Promise<Preview> {
  const { cluster, changed, removed, lane, ...asked } = body;
  const policies = await desk.of(cluster);
  const { world, engine: current } = policies;
  const proposal = proposedOf(policies, { changed, removed });
  const { parsed, objects } = proposal;
  const recorded = await recordedFlows(queries, policies, { ...asked, limit: policyLimits.flowsDefault });
  const proposed = createPolicyEngine({ set: parsed.set, world });
  const { flows, looked, window } = recorded;
  const groupsMax = policyLimits.groupsMax;
  const { totals, groups, more } = simulate({ current, proposed, flows, proposedLane: lane, groupsMax });
  const touched = objects.filter(({ change }) => change === "added" || change === "changed" || change === "removed");
  const endpoints = endpointChanges(
    current,
    proposed,
    touched.map(({ id }) => id),
  );
  const shown = problemsOf([...proposal.problems, ...lintOfText(proposal, proposed, world)]);
  return {
    problems: shown.slice(0, policyLimits.problemsMax),
    objects: [...objects],
    totals,
    groups: groups.map(shownGroup),
    groupsOmitted: more.groups,
    endpoints: endpoints.slice(0, policyLimits.endpointChangesMax),
    endpointsOmitted: Math.max(0, endpoints.length - policyLimits.endpointChangesMax),
    flows: looked,
    world: { endpoints: world.endpoints.length, incomplete: world.incomplete },
    window: { ...window, partial: recorded.because !== "", partialBecause: recorded.because },
  };
}

/** What the checks find in the objects of the text, among all that counts then. */
function lintOfText(
  { parsed, objects, lineOf }: Proposed,
  engine: PolicyEngine,
  world: World,
): readonly PolicyProblem[] {
  const { set } = parsed;
  if (set.policies.length > policyDeskLimits.lintPoliciesMax) return [];
  const written = new Set(objects.filter(({ change }) => change !== "removed").map(({ id }) => id));
  return lint({ set, engine, world })
    .findings.filter(({ object, place }) => place.file === "" && written.has(object))
    .map((finding) => {
      const problem = problemOf(finding);
      return { ...problem, place: { ...problem.place, line: lineOf(problem.place.document, problem.path) } };
    });
}

function shownGroup(group: SimulatedGroup): VerdictChange {
  const { source, destination, protocol, port, before, after, connections, keys, uncertain } = group;
  const { decidedBefore, decidedAfter } = group;
  return {
    source,
    destination,
    protocol: protocolName(protocol),
    port,
    before,
    after,
    ...(decidedBefore === undefined ? {} : { decidedBefore }),
    ...(decidedAfter === undefined ? {} : { decidedAfter }),
    connections,
    keys,
    uncertain,
  };
}

type EndpointChange = Preview["endpoints"][number];

/** By id: whom other policies apply to than before, or the same with other words. */
function endpointChanges(current: PolicyEngine, proposed: PolicyEngine, touched: readonly string[]): EndpointChange[] {
  const changes = new Map<string, EndpointChange>();
  const at = (id: string): EndpointChange => {
    const change = changes.get(id) ?? { id, added: [], removed: [], changed: [] };
    changes.set(id, change);
    return change;
  };
  const has = (engine: PolicyEngine, policy: string) => engine.set.policies.some(({ id }) => id === policy);
  for (const policy of [...touched].sort()) {
    const before = new Set(has(current, policy) ? current.endpointsOf(policy) : []);
    const after = new Set(has(proposed, policy) ? proposed.endpointsOf(policy) : []);
    for (const id of after) at(id)[before.has(id) ? "changed" : "added"].push(policy);
    for (const id of before) if (!after.has(id)) at(id).removed.push(policy);
  }
  return [...changes.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
}
