// Rules on DNS names: when policies in force have some, the proxy of agent/dns is opened and told whose look-ups fill which sets.
import type { Clock } from "../../../base/clock.ts";
import { toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { AddressBook } from "../../../core/directory/address-book.ts";
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import { dnsLiveSet, type CompileSettings } from "../../../core/policy/compile/settings.ts";
import type { DnsClient } from "../../../core/policy/dns/domain-set.ts";
import { emptySubject } from "../../../core/process/subject.ts";
import type { EnforcementStatus } from "../../../model/enforcement-status.ts";
import { WorkloadKind, type Subject } from "../../../model/identity.ts";
import type { Row } from "../../../model/table.ts";
import { createDnsSide } from "../dns/create-dns-side.ts";
import type { DnsKnowledge, DnsSide, SensorLookup } from "../dns/dns-side.ts";
import { proxyAddressesOf } from "../dns/proxy-addresses.ts";
import { noteSharing } from "../dns/shared-addresses.ts";
import { upstreamsOf } from "../dns/upstreams.ts";
import type { InForce } from "./force.ts";
import { clusterDnsOf } from "./guards.ts";
import type { Intent } from "./intent.ts";
import { resolvConf } from "./resolv-conf.ts";
import type { WorldBook } from "./world-book.ts";

export interface DnsRulesOptions {
  readonly kernel: "real" | "read" | "simulated";
  readonly dnsPort: number;
  readonly dataplane: Dataplane;
  readonly world: WorldBook;
  readonly book: Pick<AddressBook, "living">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onDnsRow: (row: Row<"dns_events">) => void;
}

export interface DnsRules {
  /** For the compiler: where questions go; undefined when no rule has names. */
  settingsOf(intent: Intent): CompileSettings["dns"];
  update(inForce: InForce): void;
  refill(): void;
  isTwin(lookup: SensorLookup): boolean;
  namesOf(endpoint: string, address: string): readonly string[];
  takeGaps(): Row<"gaps">[];
  /** A flow that a rule on names allowed says which other names its address serves. */
  complete(row: Row<"flows">): void;
  /** Tells rows of look-ups that still wait. */
  drain(): void;
  /** For the node's status; undefined when no policy has had names. */
  status(): NonNullable<EnforcementStatus["node"]>["dns"];
  /** "" while it serves or has nothing to do. */
  readonly trouble: string;
  close(): Promise<void>;
}

export function createDnsRules(options: DnsRulesOptions): DnsRules {
  const { dnsPort, dataplane, world, book, clock, logger, onDnsRow } = options;
  let side: DnsSide | undefined;
  const gaps: Row<"gaps">[] = [];
  let nameRules: ReadonlySet<number> = new Set();

  function open(): DnsSide {
    return createDnsSide({
      clock,
      logger,
      port: dnsPort,
      dataplane,
      subjectOf: (client) => subjectOf(world, client),
      onRow: onDnsRow,
      onGap: (row) => void gaps.push(row),
      onState: () => undefined,
    });
  }

  const upstreams = ({ settings }: Intent): readonly string[] =>
    upstreamsOf({
      named: settings.dns.upstreams,
      resolvConf: resolvConf(),
      clusterDns: clusterDnsOf(book.living()),
    });

  const proxyAddresses = () => proxyAddressesIn(world);

  return {
    get trouble() {
      return side?.state.state === "down" ? side.state.because : "";
    },
    settingsOf(intent) {
      if (!hasNames(intent) || options.kernel === "simulated") return undefined;
      return {
        proxyPort: dnsPort,
        upstreams: upstreams(intent),
        proxyAddresses: proxyAddresses(),
        failMode: intent.settings.dns.failMode,
      };
    },
    update({ intent, engine, compiled }) {
      if (options.kernel === "simulated" || (side === undefined && compiled.domainSets.length === 0)) return;
      side ??= open();
      nameRules = new Set(compiled.domainSets.flatMap(({ rules }) => rules.map(({ ruleId }) => ruleId)));
      void side.update({
        ...whoAndWhere(world, engine),
        sets: compiled.domainSets,
        upstreams: upstreams(intent),
        settings: intent.settings.dns,
        listenAt: proxyAddresses(),
        ...(intent.settings.dns.failMode === "open" ? { liveSet: dnsLiveSet } : {}),
      });
    },
    refill: () => side?.refill(),
    isTwin: (lookup) => side?.isTwin(lookup) ?? false,
    namesOf: (endpoint, address) => side?.namesOf(endpoint, address) ?? [],
    takeGaps: () => gaps.splice(0),
    status: () => (side === undefined ? undefined : statusOf(side)),
    complete: (row) => noteSharing(row, nameRules, (address) => side?.sharedBy(address) ?? []),
    drain: () => side?.drain(),
    async close() {
      await side
        ?.close()
        .catch((error: unknown) =>
          logger.warn({ error: toFault(error).message }, "the DNS proxy did not close in order"),
        );
    },
  };
}

function statusOf(side: DnsSide): NonNullable<ReturnType<DnsRules["status"]>> {
  const { state } = side;
  const counters = Object.entries(side.counters()).filter(([, count]) => count !== 0);
  return {
    state: state.state,
    because: state.state === "down" ? state.because.slice(0, 300) : "",
    counters: Object.fromEntries(counters),
  };
}

function proxyAddressesIn(world: WorldBook): readonly string[] {
  return proxyAddressesOf({
    nodeAddresses: world.world.endpoints.filter(({ kind }) => kind === "node").flatMap((one) => one.addresses),
    workloadInterfaces: new Set(world.local.map(({ interfaceName }) => interfaceName)),
  });
}

/** Who may ask, and where no answer may lead. */
function whoAndWhere(world: WorldBook, engine: InForce["engine"]): Pick<DnsKnowledge, "clients" | "clusterRanges"> {
  const clients = world.local.map(({ endpoint }) => ({
    id: endpoint,
    addresses: engine.endpoint(endpoint)?.addresses ?? [],
  }));
  const own = world.world.endpoints.flatMap(({ addresses }) => addresses);
  const services = world.world.services.flatMap(({ addresses }) => addresses);
  return { clients, clusterRanges: [...new Set([...world.world.ranges, ...own, ...services])] };
}

function hasNames({ set }: Intent): boolean {
  const rules = set.policies.flatMap(({ egress }) => egress);
  return (
    rules.some(({ destination }) => destination.domains !== undefined) ||
    set.networkSets.some(({ domains }) => domains.length > 0)
  );
}

function subjectOf(world: WorldBook, client: DnsClient): Subject {
  const endpoint = client.addresses.map((address) => world.at(address)).find((found) => found?.id === client.id);
  if (endpoint === undefined) return { ...emptySubject, identityReason: `the endpoint ${client.id} is gone` };
  const { namespace, name, workload } = endpoint;
  const [kind, owner] = workload.split("/");
  const workloadKind = WorkloadKind.safeParse(kind).data ?? "Pod";
  return { ...emptySubject, namespace, pod: name, workload: owner ?? name, workloadKind };
}
