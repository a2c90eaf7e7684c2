// What no change may cut: this agent's way to its server, the API server, the cluster's DNS. Compiled ahead of every tier for the node itself, and
// looked at before a change where they are workloads that policies select.
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { AlwaysAllowed } from "../../../core/policy/compile/settings.ts";
import type { IdentityEntry } from "../../../model/identity-entry.ts";
import type { Askers } from "./askers.ts";
import { protocolNumber } from "./protocol-number.ts";

const dnsWords = "the cluster's DNS";
const tcp = 6;
const udp = 17;

export interface Guard extends AlwaysAllowed {
  /** In words, for a refusal: "the API server". */
  readonly what: string;
}

export interface GuardSources {
  readonly entries: Iterable<IdentityEntry>;
  /** Addresses of the server's agents' door, and its port. */
  readonly server: { readonly addresses: readonly string[]; readonly port: number };
  /** Of resolv.conf. */
  readonly nameservers: readonly string[];
}

/** In one order, without doubles. Backends count beside a service's own addresses: rules see what is really dialled. */
export function guardsOf({ entries, server, nameservers }: GuardSources): readonly Guard[] {
  const found = new Map<string, Guard>();
  const add = (what: string, address: string, protocol: number, port: number) => {
    const key = `${address} ${protocol} ${port}`;
    if (!found.has(key)) found.set(key, { what, address, protocol, port });
  };
  for (const address of server.addresses) add("Garrison's server", address, tcp, server.port);
  for (const address of nameservers) for (const protocol of [udp, tcp]) add("a nameserver", address, protocol, 53);
  const all = [...entries];
  for (const service of all) {
    const what = service.kind === "service" ? guardedService(service) : undefined;
    if (what === undefined) continue;
    for (const { protocol, port } of service.ports)
      for (const address of service.addresses) add(what, address, protocolNumber(protocol), port);
    for (const { address, protocol, port } of service.backends ?? [])
      add(what, address, protocolNumber(protocol), port);
    for (const pod of all) {
      if (pod.kind !== "pod" || pod.namespace !== service.namespace) continue;
      if (!pod.services.includes(service.services[0] ?? "")) continue;
      for (const { protocol, targetPort } of service.ports)
        if (targetPort !== 0)
          for (const address of pod.addresses) add(what, address, protocolNumber(protocol), targetPort);
    }
  }
  return [...found.values()].sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1));
}

export interface GuardBook {
  now(): readonly Guard[];
  /** What lives under a key now; undefined: it ended. */
  touch(key: string, entry: IdentityEntry | undefined): void;
  /** Everything may have changed. */
  forget(): void;
}

/** Guards kept until something changes that they are made of: few of all identities. */
export function createGuardBook(
  living: () => Iterable<IdentityEntry>,
  look: { server(): GuardSources["server"]; nameservers(): readonly string[] },
): GuardBook {
  let entries: ReadonlyMap<string, IdentityEntry> | undefined;
  let known: { readonly of: string; readonly guards: readonly Guard[] } | undefined;
  const isNear = ({ namespace, kind }: IdentityEntry) =>
    guardedNamespaces.has(namespace) && (kind === "service" || kind === "pod");
  return {
    now() {
      entries ??= new Map([...living()].filter(isNear).map((entry) => [entry.key, entry]));
      const sources = { server: look.server(), nameservers: look.nameservers() };
      const of = JSON.stringify(sources);
      if (known?.of !== of) known = { of, guards: guardsOf({ entries: entries.values(), ...sources }) };
      return known.guards;
    },
    touch(key, entry) {
      if (entries?.has(key) !== true && (entry === undefined || !isNear(entry))) return;
      entries = undefined;
      known = undefined;
    },
    forget() {
      entries = undefined;
      known = undefined;
    },
  };
}

function keyOf({ address, protocol, port }: Guard): string {
  return `${address} ${protocol} ${port}`;
}

const guardedNamespaces = new Set(["default", "kube-system"]);

function guardedService({ namespace, services: [name = ""], ports }: IdentityEntry): string | undefined {
  if (namespace === "default" && name === "kubernetes") return "the API server";
  const isDns = namespace === "kube-system" && /dns/.test(name) && ports.some(({ port }) => port === 53);
  return isDns ? dnsWords : undefined;
}

/** Addresses of the cluster's DNS service, as pods are told. */
export function clusterDnsOf(entries: Iterable<IdentityEntry>): readonly string[] {
  const found: string[] = [];
  for (const entry of entries)
    if (entry.kind === "service" && guardedService(entry) === dnsWords) found.push(...entry.addresses);
  return [...new Set(found)].sort();
}

/**
 * Guarded paths that were open and would be closed. Those to a workload are judged at the workload's end: whether a client's own egress
 * allows DNS is that client's policy, but a DNS server that refuses everybody is an outage. At most one line per guard.
 */
export function guardsCut(
  guards: readonly Guard[],
  { before, after, askers }: { readonly before: PolicyEngine; readonly after: PolicyEngine; readonly askers: Askers },
): readonly string[] {
  const cut: string[] = [];
  for (const guard of guards) {
    // A DNS server is there for every workload; the API server and ours may well be closed to some.
    const all = guard.what === dnsWords ? [...askers.nodes, ...askers.workloads] : askers.nodes;
    const by = all.find((address) => {
      if (address === guard.address) return false;
      const flow = {
        source: { endpoint: "", address },
        destination: { endpoint: "", address: guard.address },
        protocol: guard.protocol,
        sourcePort: 0,
        destinationPort: guard.port,
      };
      const was = before.evaluate(flow).ingress.verdict;
      const becomes = after.evaluate(flow).ingress.verdict;
      // What is not known is closed in the kernel.
      return becomes === "deny" ? was !== "deny" : becomes === "unknown" && was === "allow";
    });
    if (by !== undefined) cut.push(`${guard.what} (${guard.address}:${guard.port}) would refuse ${by}`);
  }
  return cut;
}
