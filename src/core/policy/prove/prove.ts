// Checks invariants over every flow that can be: all classes of endpoints and addresses, all cells of ports, one question for each. Complete, not
// sampled; a failure comes with a flow and its trace. What policies cannot decide in this world is "unknown", which is never "proved".
import type { Explanation, FlowVerdict } from "../../../model/policy-verdict.ts";
import type { Invariant, InvariantFlows } from "../../../model/policy-invariants.ts";
import { parsePrefix } from "../../../base/ip.ts";
import { Fault, toFault } from "../../../base/fault.ts";
import type { Lane, PolicyEngine } from "../evaluate/engine.ts";
import type { PolicyFlow, World } from "../world.ts";
import { endsOf, type EndClass, type EndMember, type Ends } from "./ends.ts";
import { parsePorts, portCells, sourcePorts, type PortCell, type PortRange } from "./port-cells.ts";
import { markOf, netsOf, readEnd, takesIn, type EndWords } from "./select-ends.ts";

/** Most questions for one invariant; beyond it is "unknown": narrow its ends or ports. */
export const questionsMax = 20_000_000;

export interface ProofResult {
  readonly name: string;
  readonly kind: "deny" | "allowOnly" | "allow";
  readonly outcome: "proved" | "failed" | "unknown";
  readonly because: string;
  /** Questions asked; each stands for all flows that are alike. */
  readonly questions: number;
  readonly counterExample?: {
    readonly flow: PolicyFlow;
    readonly verdict: FlowVerdict;
    readonly explanation: Explanation;
  };
}

export interface Proofs {
  readonly results: readonly ProofResult[];
  /** What the whole space was divided into. */
  readonly classes: { readonly endpoints: number; readonly endpointClasses: number; readonly addressClasses: number };
  /** What every proof takes for granted. */
  readonly assumptions: readonly string[];
}

export const assumptions = [
  "nodes always reach their own pods, and a pod itself: not counted",
  "addresses of the cluster that nobody in the world has send and answer nothing",
  "dialled services are judged by what stands behind them",
  "flows between two ends that have no policies are nobody's to decide",
] as const;

interface Claim {
  readonly name: string;
  readonly kind: ProofResult["kind"];
  readonly from: EndWords;
  readonly to: EndWords;
  readonly isFromTurned: boolean;
  readonly ports: readonly PortRange[] | undefined;
  /** The verdict that breaks it. */
  readonly breaks: "allow" | "deny";
}

/** `engine` holds the policies and the world. Throws Faults for invariants that cannot be read (selector, net, ports). */
export function prove(
  engine: PolicyEngine,
  world: World,
  invariants: readonly Invariant[],
  lane: Lane = "enforced",
): Proofs {
  const claims = invariants.map(readInvariant);
  const nets = claims.flatMap(({ from, to }) => [...netsOf(from), ...netsOf(to)]);
  const ends = endsOf({
    engine,
    world,
    lane,
    nets,
    marksOf: (thing, endpoint) =>
      claims.map(({ from, to }) => markOf(from, thing, endpoint) + markOf(to, thing, endpoint)).join(""),
  });
  const job: Job = { engine, world, lane, ends, names: mentionedNames(engine), sourcePorts: sourcePorts(engine.set) };
  const endpointClasses = ends.classes.filter(({ kind }) => kind !== "address");
  return {
    results: claims.map((claim) => proveOne(claim, job)),
    classes: {
      endpoints: new Set(endpointClasses.flatMap(({ members }) => members.map(({ endpoint }) => endpoint))).size,
      endpointClasses: endpointClasses.length,
      addressClasses: ends.classes.length - endpointClasses.length,
    },
    assumptions,
  };
}

interface Job {
  readonly engine: PolicyEngine;
  readonly world: World;
  readonly lane: Lane;
  readonly ends: Ends;
  /** One name for each pattern of a rule. */
  readonly names: readonly string[];
  readonly sourcePorts: readonly number[];
}

function readInvariant(invariant: Invariant): Claim {
  const kind = (["deny", "allowOnly", "allow"] as const).find((one) => invariant[one] !== undefined) ?? "deny";
  const flows: InvariantFlows = invariant[kind] ?? { from: {}, to: {} };
  try {
    const [from, to] = [readEnd(flows.from), readEnd(flows.to)];
    const badNet = [...netsOf(from), ...netsOf(to)].find((net) => parsePrefix(net) === undefined);
    if (badNet !== undefined) throw badWords(`"${badNet}" is no address and no prefix`);
    const ports = flows.ports?.map((text) => {
      const range = parsePorts(text);
      if (range === undefined) throw badWords(`"${text}" is no port and no protocol`);
      return range;
    });
    const breaks = kind === "allow" ? "deny" : "allow";
    return { name: invariant.name, kind, from, to, isFromTurned: kind === "allowOnly", ports, breaks };
  } catch (cause) {
    const fault = toFault(cause);
    throw badWords(`invariant "${invariant.name}": ${fault.message}`);
  }
}

function badWords(message: string): Fault {
  return new Fault(message, {
    code: "policy/bad-invariant",
    kind: "usage",
    hint: "docs/guides/policy.md shows the format",
  });
}

function proveOne(claim: Claim, job: Job): ProofResult {
  const { ends } = job;
  const { name, kind } = claim;
  const froms = ends.classes.filter((one) => takesIn(claim.from, one, ends) !== claim.isFromTurned);
  const tos = ends.classes.filter((one) => takesIn(claim.to, one, ends));
  const empty = froms.length === 0 ? "from" : tos.length === 0 ? "to" : "";
  if (empty !== "") {
    const because = `\`${empty}\` selects nothing in this world: nothing was checked`;
    return { name, kind, outcome: "unknown", because, questions: 0 };
  }
  const cells = portCells(job.engine.set, job.world, claim.ports);
  const most = froms.length * tos.length * cells.length * job.sourcePorts.length;
  if (most > questionsMax) {
    const because = `${most} questions, more than questionsMax = ${questionsMax}: narrow its ends or ports`;
    return { name, kind, outcome: "unknown", because, questions: 0 };
  }
  return search(claim, { froms, tos, cells }, job);
}

interface Space {
  readonly froms: readonly EndClass[];
  readonly tos: readonly EndClass[];
  readonly cells: readonly PortCell[];
}

function search({ name, kind, breaks }: Claim, { froms, tos, cells }: Space, job: Job): ProofResult {
  let questions = 0;
  const unknown = new Map<string, number>();
  for (const from of froms) {
    for (const to of tos) {
      const pair = pairOf(from, to);
      if (pair === undefined) continue;
      for (const flow of flowsOf(pair, cells, to, job)) {
        questions += 1;
        const verdict = job.engine.evaluate(flow, job.lane);
        if (verdict.verdict === breaks) {
          const because = verdict.because;
          return {
            name,
            kind,
            outcome: "failed",
            because,
            questions,
            counterExample: example(flow, { breaks, cells }, job),
          };
        }
        if (verdict.verdict === "unknown") unknown.set(verdict.because, (unknown.get(verdict.because) ?? 0) + 1);
      }
    }
  }
  if (questions === 0) {
    return {
      name,
      kind,
      outcome: "unknown",
      because: "no flow of these ends meets a policy: nothing was checked",
      questions,
    };
  }
  const [first] = [...unknown].sort(([, one], [, other]) => other - one);
  if (first === undefined) return { name, kind, outcome: "proved", because: "", questions };
  const count = [...unknown.values()].reduce((sum, one) => sum + one, 0);
  return { name, kind, outcome: "unknown", because: `${count} questions have no answer: ${first[0]}`, questions };
}

/** The flow, or one that breaks it as well and reads better: with a port that people know, and with the one name that does it. */
function example(
  flow: PolicyFlow,
  { breaks, cells }: { readonly breaks: "allow" | "deny"; readonly cells: readonly PortCell[] },
  { engine, lane }: Job,
): NonNullable<ProofResult["counterExample"]> {
  const isBroken = (one: PolicyFlow): boolean => engine.evaluate(one, lane).verdict === breaks;
  const isAsked = (port: number): boolean =>
    cells.some(({ protocol, from, to }) => protocol === flow.protocol && from <= port && port <= to);
  const ports = flow.destinationPort === 0 ? [] : [443, 80].filter(isAsked);
  const known = ports.map((destinationPort) => ({ ...flow, destinationPort })).find(isBroken) ?? flow;
  const names = known.domains ?? [];
  const named = names.length > 1 ? names.map((name) => ({ ...known, domains: [name] })).find(isBroken) : undefined;
  const shown = named ?? known;
  return { flow: shown, verdict: engine.evaluate(shown, lane), explanation: engine.explain(shown) };
}

/** Two members that stand for all pairs of two classes; undefined when no such flow can be, or it is nobody's to decide. */
function pairOf(from: EndClass, to: EndClass): readonly [EndMember, EndMember] | undefined {
  if (!hasPolicies(from) && !hasPolicies(to)) return undefined;
  const isNodes = from.kind === "node" || from.kind === "hostNetwork";
  const fits = (source: EndMember, destination: EndMember): boolean => {
    if (source.family !== destination.family && source.family !== 0 && destination.family !== 0) return false;
    if (source.endpoint !== "" && source.endpoint === destination.endpoint) return false;
    // A node to its own pods is always let through; a node whose pods' node is not known may be another one.
    return !(isNodes && to.kind === "workload" && source.node !== "" && source.node === destination.node);
  };
  for (const source of from.members) {
    const destination = to.members.find((member) => fits(source, member));
    if (destination !== undefined) return [source, destination];
  }
  return undefined;
}

function hasPolicies({ kind, hosts }: EndClass): boolean {
  return kind === "workload" || kind === "hostEndpoint" || hosts !== "";
}

function* flowsOf(
  [source, destination]: readonly [EndMember, EndMember],
  cells: readonly PortCell[],
  to: EndClass,
  job: Job,
): Generator<PolicyFlow> {
  const family = source.family === 0 ? destination.family : source.family;
  const ends = {
    source: { endpoint: source.endpoint, address: source.address },
    destination: { endpoint: destination.endpoint, address: destination.address },
  };
  const named = to.kind === "address" && job.names.length > 0 ? [[], job.names] : [[]];
  for (const cell of cells) {
    const { protocol, icmp } = cell;
    if ((protocol === 1 && family === 6) || (protocol === 58 && family === 4)) continue;
    const hasPorts = [6, 17, 132, 136].includes(protocol);
    for (const sourcePort of hasPorts ? job.sourcePorts : [0]) {
      for (const domains of named) {
        const flow = { ...ends, protocol, sourcePort, destinationPort: hasPorts ? portIn(cell) : 0, domains };
        yield icmp === undefined ? flow : { ...flow, icmp };
      }
    }
  }
}

/** Any port of the cell will do: one that people know where there is one, and 0 (which says "not known") only when it is alone. */
function portIn({ from, to }: PortCell): number {
  return [443, 80].find((port) => port >= from && port <= to) ?? Math.max(from, Math.min(1, to));
}

/** A name for each pattern: "*.example.com" is asked as "any.example.com". */
function mentionedNames({ set }: PolicyEngine): readonly string[] {
  const patterns = [
    ...set.policies.flatMap(({ egress }) => egress.flatMap(({ destination }) => destination.domains ?? [])),
    ...set.networkSets.flatMap(({ domains }) => domains),
  ];
  return [...new Set(patterns.map((pattern) => pattern.replaceAll("*", "any")))].sort();
}
