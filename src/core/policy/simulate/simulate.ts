// What a change of policies would have done to recorded flows: both engines judge each flow key, and what differs is grouped by who talks to whom.
// A preview says what enforcement would do: it asks the same engine. What cannot be told is uncertain, with its reason, and never counted as unchanged.
import type { PolicyVerdict, RuleRef } from "../../../model/policy-verdict.ts";
import type { Judgement, Lane, PolicyEngine } from "../evaluate/engine.ts";
import type { FlowEnd, RecordedFlow } from "../world.ts";

export const simulateLimits = {
  /** Groups that are held while counting; flows of further groups are only in the totals. */
  groupsHeldMax: 100_000,
  /** Groups that are answered, unless the question says otherwise. */
  groupsMaxDefault: 1000,
} as const;

export interface SimulateQuestion {
  readonly current: PolicyEngine;
  /** May be `current` itself, with another lane. */
  readonly proposed: PolicyEngine;
  readonly flows: Iterable<RecordedFlow>;
  readonly currentLane?: Lane;
  readonly proposedLane?: Lane;
  readonly groupsMax?: number;
}

/** Flows of one pair of workloads, protocol and port whose verdict turns, or cannot be told. */
export interface SimulatedGroup {
  /** "shop/Deployment/web"; for an end that is no workload its DNS name or address. */
  readonly source: string;
  readonly destination: string;
  /** IANA number. */
  readonly protocol: number;
  readonly port: number;
  readonly before: PolicyVerdict;
  readonly after: PolicyVerdict;
  /** What decides; absent when nothing applies. Of the first flow of the group. */
  readonly decidedBefore?: RuleRef;
  readonly decidedAfter?: RuleRef;
  readonly because: string;
  readonly connections: number;
  readonly bytes: number;
  /** Flow keys. */
  readonly keys: number;
  /** Why it cannot be told; "" when it can. */
  readonly uncertain: string;
}

export interface Simulation {
  readonly totals: {
    readonly keys: number;
    readonly connections: number;
    /** Of connections; these four add up to `connections`. */
    readonly same: number;
    readonly newlyAllowed: number;
    readonly newlyDenied: number;
    readonly uncertain: number;
    /** Of connections: the recorded verdict is not what the current policies say now: policies or labels were others then. */
    readonly recordedOtherwise: number;
  };
  /** Newly denied first, then newly allowed, then uncertain; each by connections, most first. */
  readonly groups: readonly SimulatedGroup[];
  /** What `groups` leaves out. */
  readonly more: { readonly groups: number; readonly connections: number };
}

type Counts = { -readonly [Key in keyof Simulation["totals"]]: number };

export function simulate(question: SimulateQuestion): Simulation {
  const { current, proposed, currentLane = "enforced", proposedLane = "enforced" } = question;
  const totals: Counts = {
    keys: 0,
    connections: 0,
    same: 0,
    newlyAllowed: 0,
    newlyDenied: 0,
    uncertain: 0,
    recordedOtherwise: 0,
  };
  const groups = createGroups(question);
  for (const flow of question.flows) {
    const before = current.judge(flow, currentLane);
    const after = proposed.judge(flow, proposedLane);
    const turn = turnOf(before, after);
    totals.keys += 1;
    totals.connections += flow.connections;
    totals[turn] += flow.connections;
    if (before.verdict !== "unknown" && flow.verdict !== "unknown" && before.verdict !== flow.verdict)
      totals.recordedOtherwise += flow.connections;
    if (turn !== "same") groups.add(flow, before, after);
  }
  return { totals, ...groups.answer(question.groupsMax ?? simulateLimits.groupsMaxDefault) };
}

type Turn = "same" | "newlyAllowed" | "newlyDenied" | "uncertain";

function turnOf(before: Judgement, after: Judgement): Turn {
  if (before.verdict === "unknown" || after.verdict === "unknown") return "uncertain";
  if (before.verdict === after.verdict) return "same";
  return after.verdict === "allow" ? "newlyAllowed" : "newlyDenied";
}

type OpenGroup = { -readonly [Key in keyof SimulatedGroup]: SimulatedGroup[Key] };

interface Groups {
  add(flow: RecordedFlow, before: Judgement, after: Judgement): void;
  answer(groupsMax: number): Pick<Simulation, "groups" | "more">;
}

function createGroups({ current, proposed }: Pick<SimulateQuestion, "current" | "proposed">): Groups {
  const held = new Map<string, OpenGroup>();
  const overflow = { groups: 0, connections: 0 };
  const nameOf = ({ endpoint, address }: FlowEnd, workload: string, domains: readonly string[] = []): string => {
    const known = endpoint === "" ? undefined : (proposed.endpoint(endpoint) ?? current.endpoint(endpoint));
    if (known !== undefined) return ownerOf(known);
    return workload || endpoint || domains[0] || address;
  };
  return {
    add(flow, before, after) {
      const source = nameOf(flow.source, flow.sourceWorkload);
      const destination = nameOf(flow.destination, flow.destinationWorkload, flow.domains);
      const { protocol, destinationPort: port, connections, bytes } = flow;
      const key = [source, destination, protocol, port, before.verdict, after.verdict].join("\n");
      const known = held.get(key);
      if (known !== undefined) {
        known.connections += connections;
        known.bytes += bytes;
        known.keys += 1;
        return;
      }
      if (held.size >= simulateLimits.groupsHeldMax) {
        // Further groups are not told apart: their number is at least one.
        overflow.groups = Math.max(overflow.groups, 1);
        overflow.connections += connections;
        return;
      }
      held.set(key, {
        source,
        destination,
        protocol,
        port,
        before: before.verdict,
        after: after.verdict,
        ...decidedOf(before, after),
        because: after.because,
        connections,
        bytes,
        keys: 1,
        uncertain: after.verdict === "unknown" ? after.because : before.verdict === "unknown" ? before.because : "",
      });
    },
    answer(groupsMax) {
      const sorted = [...held].sort(
        ([keyA, a], [keyB, b]) => rank(a) - rank(b) || b.connections - a.connections || (keyA < keyB ? -1 : 1),
      );
      const groups = sorted.slice(0, groupsMax).map(([, group]) => group);
      const left = sorted.slice(groupsMax);
      const connections = left.reduce((sum, [, group]) => sum + group.connections, overflow.connections);
      return { groups, more: { groups: left.length + overflow.groups, connections } };
    },
  };
}

function rank({ before, after }: OpenGroup): number {
  if (before === "unknown" || after === "unknown") return 2;
  return after === "deny" ? 0 : 1;
}

/** The direction that made the verdict: the denying one, else the one whose decision differs. */
function decidedOf(before: Judgement, after: Judgement): Pick<SimulatedGroup, "decidedBefore" | "decidedAfter"> {
  const direction = directionOf(after.verdict === "deny" ? after : before);
  const decidedBefore = before[direction];
  const decidedAfter = after[direction];
  return {
    ...(decidedBefore === undefined ? {} : { decidedBefore }),
    ...(decidedAfter === undefined ? {} : { decidedAfter }),
  };
}

function directionOf({ because }: Judgement): "egress" | "ingress" {
  return because.startsWith("egress:") ? "egress" : "ingress";
}

function ownerOf({
  namespace,
  workload,
  name,
  id,
}: {
  namespace: string;
  workload: string;
  name: string;
  id: string;
}): string {
  const owner = workload === "" ? name : workload;
  return namespace === "" || owner === "" ? id : `${namespace}/${owner}`;
}
