// Enforcement on a node, put together: dataplane, packets, probes, DNS rules and the enforcer. Nothing is opened before a policy resource comes, or
// before it is known that an earlier process of this node enforced something.
import dns from "node:dns/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../../base/clock.ts";
import { toFault } from "../../../base/fault.ts";
import { parseAddress } from "../../../base/ip.ts";
import type { Logger } from "../../../base/logger.ts";
import type { AddressBook } from "../../../core/directory/address-book.ts";
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import { tableName } from "../../../core/policy/compile/settings.ts";
import { openDryRun } from "../../../edge/dataplane/dry-run/open-dry-run.ts";
import { nodeLinks } from "../../../edge/dataplane/local/node-links.ts";
import { addressesIn, interfacesByAddress, namespaceFileOrFault } from "../../../edge/dataplane/local/namespaces.ts";
import { tryProbes } from "../../../edge/dataplane/local/probe.ts";
import { openNftables } from "../../../edge/dataplane/nftables/open-nftables.ts";
import type { Resource, ResourceStatus } from "../../../model/resource.ts";
import type { Row } from "../../../model/table.ts";
import type { SensorLookup } from "../dns/dns-side.ts";
import { brokenDataplane } from "./broken-dataplane.ts";
import { createDnsRules, type DnsRules } from "./dns-rules.ts";
import type { Enforcer } from "./enforcer-contract.ts";
import { createEnforcer } from "./enforcer.ts";
import { openKept } from "./kept.ts";
import { enforceKinds } from "./kinds.ts";
import { createPacketBook, type PacketBook } from "./packet-book.ts";
import { createProver } from "./prove.ts";
import { resolvConf } from "./resolv-conf.ts";
import type { MachineLook } from "./surroundings.ts";
import { createWorldBook } from "./world-book.ts";

export interface EnforceSideOptions {
  readonly node: string;
  /** See break-glass.ts `enforceFolder`. */
  readonly folder: string;
  readonly server: { readonly host: string; readonly port: number };
  readonly book: AddressBook;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dnsPort: number;
  /** real: this machine's kernel. read: its connections and links are looked at, nothing is written. simulated: all is in memory. */
  readonly kernel: "real" | "read" | "simulated";
  /** For tests: the network namespace that packets are forwarded in, and where namespaces stand that LocalEndpoints name. */
  readonly netns?: string;
  readonly fileOf?: (name: string) => string;
  /** Where the break-glass file is looked for, when not in `folder`. */
  readonly glassFolder?: string;
  readonly onDnsRow: (row: Row<"dns_events">) => void;
  readonly onStatus: () => void;
}

export interface EnforceSide {
  setResources(resources: readonly Resource[]): void;
  identitiesCame(): void;
  statuses(): readonly ResourceStatus[];
  /** Rows of denied connections that are due. */
  flush(nowMs: number): Row<"flows">[];
  /** All rows of denied connections; look-ups that wait are told by `onDnsRow`. */
  drain(): Row<"flows">[];
  /** Completes a row of the sensor with the rules that decided. */
  complete(row: Row<"flows">): void;
  takeGaps(nowMs: number): Row<"gaps">[];
  isTwin(lookup: SensorLookup): boolean;
  settled(): Promise<void>;
  /** Stops; the rules stay in the kernel unless they shall go. */
  close(kernel: "keep" | "withdraw"): Promise<void>;
}

export function createEnforceSide(options: EnforceSideOptions): EnforceSide {
  // A change that waits for its confirmation is watched from the start: it may be why no server is heard.
  const isWaiting = openKept(options.folder, options.logger).state.pending !== undefined;
  let open: OpenSide | undefined = isWaiting ? openSide(options) : undefined;
  return {
    setResources(resources) {
      const isAsked = resources.some(({ kind }) => enforceKinds.includes(kind));
      if (open === undefined && !isAsked && openKept(options.folder, options.logger).state.confirmed === undefined)
        return;
      open ??= openSide(options);
      open.enforcer.setResources(resources);
    },
    identitiesCame: () => open?.enforcer.identitiesCame(),
    statuses: () => open?.enforcer.statuses() ?? [],
    flush: (nowMs) => open?.packets.flush(nowMs) ?? [],
    drain() {
      open?.dnsRules.drain();
      return open?.packets.drain() ?? [];
    },
    complete(row) {
      open?.packets.complete(row);
      open?.dnsRules.complete(row);
    },
    takeGaps: (nowMs) => open?.takeGaps(nowMs) ?? [],
    isTwin: (lookup) => open?.dnsRules.isTwin(lookup) ?? false,
    settled: async () => open?.enforcer.settled(),
    async close(kernel) {
      await open?.close(kernel);
      open = undefined;
    },
  };
}

interface OpenSide {
  readonly enforcer: Enforcer;
  readonly packets: PacketBook;
  readonly dnsRules: DnsRules;
  takeGaps(nowMs: number): Row<"gaps">[];
  close(kernel: "keep" | "withdraw"): Promise<void>;
}

function openSide(options: EnforceSideOptions): OpenSide {
  const { node, folder, book, clock, logger, onStatus } = options;
  const dataplane = openDataplane(options);
  const world = createWorldBook(node);
  const reader = createPacketReader(dataplane, logger);
  const pause = (ms: number) => delay(ms, undefined, { ref: false });
  const prover = createProver({ tryProbes, reports: () => reader.isReading(), pause });
  const dnsRules = createDnsRules({ ...options, dataplane, world });
  const packets = createPacketBook({
    book,
    at: (address) => world.at(address),
    probes: prover,
    domainOf: (endpoint, address) => dnsRules.namesOf(endpoint, address)[0] ?? "",
    startMs: clock.nowMs(),
  });
  const look = machineLook(options);
  const enforcer: Enforcer = createEnforcer({
    node,
    folder,
    dataplane,
    world,
    book,
    look,
    prover,
    packets,
    clock,
    logger,
    ...(options.glassFolder === undefined ? {} : { glassFolder: options.glassFolder }),
    notProvable: options.kernel === "simulated" ? "this node is simulated" : "",
    onStatus,
    onApplied: (inForce) => {
      reader.begin((batch) => packets.take(batch));
      dnsRules.update(inForce);
    },
    onRepaired: () => dnsRules.refill(),
    namesOf: (endpoint, address) => dnsRules.namesOf(endpoint, address),
    dnsSettings: (intent) => dnsRules.settingsOf(intent),
    dns: () => dnsRules.status(),
    problems: () => (dnsRules.trouble === "" ? [] : [`the DNS proxy is down: ${dnsRules.trouble}`]),
  });
  return {
    enforcer,
    packets,
    dnsRules,
    takeGaps: (nowMs) => [...enforcer.takeGaps(nowMs), ...packets.takeGaps(nowMs), ...dnsRules.takeGaps()],
    async close(kernel) {
      await enforcer.close(kernel);
      await dnsRules.close();
      await reader.close();
      look.close();
      dataplane.close();
    },
  };
}

/** A kernel that cannot be reached is a status with its reason, not an agent that does not start. */
function openDataplane({ kernel, netns, clock, logger }: EnforceSideOptions): Dataplane {
  if (kernel === "simulated") return openDryRun({ clock });
  try {
    const real = openNftables({ table: tableName, clock, logger, ...(netns === undefined ? {} : { netns }) });
    return kernel === "real" ? real : readOnly(real, clock);
  } catch (error) {
    logger.error({ error: toFault(error).message }, "the kernel's packet filter cannot be reached");
    return brokenDataplane(toFault(error));
  }
}

function readOnly(real: Dataplane, clock: Clock): Dataplane {
  return { ...openDryRun({ clock }), connections: (max) => real.connections(max), close: () => real.close() };
}

interface PacketReader {
  /** Resolves when it is known. */
  isReading(): Promise<boolean>;
  begin(take: Parameters<Dataplane["packets"]>[0]): void;
  close(): Promise<void>;
}

/** Reads reports from the first transaction on. Without them policies are enforced all the same; the log says that denied connections are not seen. */
function createPacketReader(dataplane: Dataplane, logger: Logger): PacketReader {
  let started: Promise<(() => Promise<void>) | undefined> | undefined;

  async function start(take: Parameters<Dataplane["packets"]>[0]): Promise<(() => Promise<void>) | undefined> {
    try {
      return await dataplane.packets(take);
    } catch (error) {
      logger.error({ error: toFault(error).message }, "denied connections cannot be seen");
      return undefined;
    }
  }

  return {
    isReading: async () => (await started) !== undefined,
    begin(take) {
      if (started !== undefined) return;
      started = start(take);
    },
    async close() {
      const stop = await started;
      await stop?.();
    },
  };
}

/** How often the server's name is resolved again. */
const resolveEveryMs = 60_000;

function machineLook({ server, netns, fileOf, logger, kernel }: EnforceSideOptions): MachineLook & { close(): void } {
  let addresses: readonly string[] = parseAddress(server.host) === undefined ? [] : [server.host];
  const resolve = async (): Promise<void> => {
    try {
      addresses = (await dns.lookup(server.host, { all: true })).map(({ address }) => address);
    } catch (error) {
      logger.warn({ error: (error as Error).message }, "the server's name cannot be resolved");
    }
  };
  const isName = addresses.length === 0 && server.host !== "";
  if (isName) void resolve();
  const timer = isName ? setInterval(() => void resolve(), resolveEveryMs).unref() : undefined;
  return {
    fileOf: fileOf ?? namespaceFileOrFault,
    addressesIn,
    interfaces: () => interfacesByAddress(netns),
    ...(kernel === "simulated" ? {} : { links: () => nodeLinks(netns) }),
    nodeAddresses: () => addressesIn(netns),
    nameservers: () => nameserversOf(resolvConf()),
    server: () => ({ addresses, port: server.port }),
    close: () => clearInterval(timer),
  };
}

function nameserversOf(text: string): readonly string[] {
  const found = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address = ""]) => address);
  return found.filter((address) => parseAddress(address) !== undefined).slice(0, 3);
}
