// Which connections prove a policy: one that it allows and one that it denies, between namespaces of this machine. Pure: asks the engine only.
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { Direction, Policy, Rule } from "../../../core/policy/model.ts";
import type { PolicyFlow } from "../../../core/policy/world.ts";
import { enforceLimits } from "./limits.ts";

/** An end that probes may be made from: its endpoint, an address, the file of its namespace. */
export interface ProbeEnd {
  readonly endpoint: string;
  readonly addresses: readonly string[];
  readonly file: string;
}

export interface ChosenProbe {
  readonly policy: string;
  readonly expected: "allow" | "deny";
  readonly source: ProbeEnd;
  readonly sourceAddress: string;
  readonly destination: ProbeEnd;
  readonly address: string;
  readonly protocol: 6 | 17;
  readonly port: number;
}

export interface ChosenProbes {
  readonly allow: ChosenProbe | undefined;
  readonly deny: ChosenProbe | undefined;
}

const tcp = 6 as const;
const udp = 17 as const;

interface Door {
  readonly protocol: 6 | 17;
  readonly port: number;
}

/** Numbers that hardly any policy speaks of: what an isolated endpoint denies. TCP, because its answer is certain. */
const strange: readonly Door[] = [61_007, 9, 2].map((port) => ({ protocol: tcp, port }));

/** Undefined where no two ends of this machine make such a connection, or the search reached its limit. */
export function chooseProbes(engine: PolicyEngine, policy: Policy, ends: readonly ProbeEnd[]): ChosenProbes {
  let allow: ChosenProbe | undefined;
  let deny: ChosenProbe | undefined;
  let looks = 0;
  for (const candidate of candidates(engine, policy, ends.slice(0, enforceLimits.probeEndsMax))) {
    if ((allow !== undefined && deny !== undefined) || looks >= enforceLimits.probeSearchMax) break;
    looks += 1;
    const said = engine.evaluate(flowOf(candidate));
    if (said.verdict === "allow" && allow === undefined && isBy(said[candidate.direction].decidedBy, policy))
      allow = { ...candidate, policy: policy.id, expected: "allow" };
    // Where both ends deny, the proof would be of the other one.
    const other = candidate.direction === "ingress" ? said.egress : said.ingress;
    const isDenied = said[candidate.direction].verdict === "deny" && other.verdict === "allow";
    if (isDenied && deny === undefined && isBy(said[candidate.direction].decidedBy, policy))
      deny = { ...candidate, policy: policy.id, expected: "deny" };
  }
  return { allow, deny };
}

type Candidate = Omit<ChosenProbe, "policy" | "expected"> & { readonly direction: Direction };

/** The policy itself, or the end of its tier: there it is one of those that isolate. */
function isBy(by: { readonly policy: string; readonly tier: string } | undefined, policy: Policy): boolean {
  return by !== undefined && (by.policy === policy.id || (by.policy === "" && by.tier === policy.tier));
}

function flowOf({ source, sourceAddress, destination, address, protocol, port }: Candidate): PolicyFlow {
  return {
    source: { endpoint: source.endpoint, address: sourceAddress },
    destination: { endpoint: destination.endpoint, address },
    protocol,
    sourcePort: 0,
    destinationPort: port,
  };
}

function* candidates(engine: PolicyEngine, policy: Policy, ends: readonly ProbeEnd[]): Generator<Candidate> {
  const subjects = new Set(engine.endpointsOf(policy.id));
  for (const direction of policy.directions) {
    const asked = portsOf(direction === "ingress" ? policy.ingress : policy.egress);
    for (const subject of ends) {
      if (!subjects.has(subject.endpoint)) continue;
      for (const peer of ends) {
        if (peer === subject) continue;
        const [source, destination] = direction === "ingress" ? [peer, subject] : [subject, peer];
        for (const [sourceAddress, address] of addressPairs(source, destination))
          for (const at of [...asked, ...ownPorts(engine, destination), ...strange])
            yield { direction, source, sourceAddress, destination, address, ...at };
      }
    }
  }
}

function* addressPairs(source: ProbeEnd, destination: ProbeEnd): Generator<readonly [string, string]> {
  for (const address of destination.addresses) {
    const from = source.addresses.find((one) => one.includes(":") === address.includes(":"));
    if (from !== undefined) yield [from, address];
  }
}

/** DNS over UDP answers only real questions, and may be turned to our own proxy on the way: silence there says nothing. */
function isTelling({ protocol, port }: Door): boolean {
  return protocol !== udp || port !== 53;
}

/** Numbers that the rules name, TCP first: its answer is certain. */
function portsOf(rules: readonly Rule[]): readonly Door[] {
  const named = rules.flatMap(({ protocol = tcp, destination: { ports = [], notPorts = [] } }) =>
    protocol !== tcp && protocol !== udp
      ? []
      : [...ports, ...notPorts].flatMap((port) =>
          "from" in port ? [...new Set([port.from, port.to])].map((number) => ({ protocol, port: number })) : [],
        ),
  );
  return named.filter(isTelling).sort((one, other) => one.protocol - other.protocol);
}

/** What the destination says that it listens on, where rules speak of ports by name. */
function ownPorts(engine: PolicyEngine, { endpoint }: ProbeEnd): readonly Door[] {
  return (engine.endpoint(endpoint)?.ports ?? []).flatMap(({ protocol, port }) =>
    protocol === tcp || protocol === udp ? [{ protocol, port }] : [],
  );
}
