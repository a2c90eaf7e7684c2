// The node of the DNS scenario: manifests parsed, compiled and applied to the kernel that this process is in, and the agent's DNS side on top.
import { silentLogger } from "../../src/base/logger.ts";
import { emptySubject } from "../../src/core/process/subject.ts";
import { createDnsSide } from "../../src/apps/agent/dns/create-dns-side.ts";
import type { DnsSide } from "../../src/apps/agent/dns/dns-side.ts";
import { createNftCompiler } from "../../src/core/policy/compile/create-compiler.ts";
import { dnsLiveSet } from "../../src/core/policy/compile/settings.ts";
import type { Dataplane } from "../../src/core/policy/compile/dataplane.ts";
import { createPolicyEngine } from "../../src/core/policy/evaluate/create-engine.ts";
import { parsePolicies } from "../../src/core/policy/parse/parse-policies.ts";
import { openNftables } from "../../src/edge/dataplane/nftables/open-nftables.ts";
import { readYaml } from "../../src/edge/manifests/read-yaml.ts";
import { Enforcement } from "../../src/model/enforcement.ts";
import type { Row } from "../../src/model/table.ts";
import type { Handler } from "./policy-dns-process.ts";

export interface NodeOrder {
  readonly manifests: string;
  readonly port: number;
  readonly clients: readonly { readonly endpoint: string; readonly address: string; readonly interfaceName: string }[];
  readonly upstream: string;
  readonly clusterRanges: readonly string[];
  readonly dns: Partial<Enforcement["dns"]>;
  readonly graceMs?: number;
  readonly liveMs?: number;
  /** The node's address that questions are turned to, and the only one listened at. */
  readonly proxyAddress?: string;
}

export async function nodeHandlers(order: NodeOrder): Promise<Record<string, Handler>> {
  const clock = { nowMs: Date.now };
  const dataplane: Dataplane = openNftables({ table: "garrison", clock, logger: silentLogger });
  const parsed = parsePolicies([{ file: "dns.yaml", text: order.manifests }], readYaml);
  const engine = createPolicyEngine({ set: parsed.set, world: parsed.world });
  const settings = Enforcement.parse({ dns: { upstreams: [order.upstream], ...order.dns } });
  const compiled = createNftCompiler().compile(engine, {
    node: "here",
    local: order.clients.map(({ endpoint, interfaceName }) => ({ endpoint, interfaceName })),
    nodeAddresses: [],
    failsafe: settings.failsafe,
    workloadToHost: "accept",
    alwaysAllowed: [],
    dns: {
      proxyPort: order.port,
      upstreams: [order.upstream],
      failMode: settings.dns.failMode,
      ...(order.proxyAddress === undefined ? {} : { proxyAddresses: [order.proxyAddress] }),
    },
    log: "none",
    workloadInterfacePrefixes: [],
  });
  dataplane.apply(compiled.ruleset);
  const rows: Row<"dns_events">[] = [];
  const gaps: Row<"gaps">[] = [];
  const states: string[] = [];
  const side: DnsSide = createDnsSide({
    clock,
    logger: silentLogger,
    port: order.port,
    dataplane,
    subjectOf: ({ id }) => ({ ...emptySubject, pod: id.split("/")[2] ?? "", namespace: id.split("/")[1] ?? "" }),
    onRow: (row) => rows.push(row),
    onGap: (row) => gaps.push(row),
    onState: (state) => states.push(state.state),
    ...(order.graceMs === undefined ? {} : { graceMs: order.graceMs }),
    ...(order.liveMs === undefined ? {} : { liveMs: order.liveMs }),
  });
  await side.update({
    sets: compiled.domainSets,
    clients: order.clients.map(({ endpoint, address }) => ({ id: endpoint, addresses: [address] })),
    clusterRanges: order.clusterRanges,
    upstreams: [order.upstream],
    settings: settings.dns,
    ...(settings.dns.failMode === "open" ? { liveSet: dnsLiveSet } : {}),
    ...(order.proxyAddress === undefined ? {} : { listenAt: [order.proxyAddress] }),
  });
  const dropped = () =>
    dataplane
      .counters()
      .filter(({ ruleId }) => engine.rule(ruleId)?.rule === -1 || engine.rule(ruleId)?.ruleName === "nothing-else")
      .reduce((sum, { packets }) => sum + packets, 0);
  return {
    problems: () => [...parsed.problems, ...compiled.problems].map(({ message }) => message),
    state: () => side.state,
    states: () => states,
    counters: () => side.counters(),
    rows: () => rows,
    gaps: () => gaps,
    dropped,
    elements: () => compiled.domainSets.flatMap(({ set4 }) => dataplane.listElements(set4)),
    shared: ({ address }: { address: string }) => side.sharedBy(address),
    flush: () => {
      for (const { set4 } of compiled.domainSets)
        dataplane.deleteElements([{ set: set4, elements: dataplane.listElements(set4) }]);
    },
    refill: () => side.refill(),
    /** Without it questions go straight to their server: what a look-up costs without the proxy. */
    redirect: ({ on }: { on: boolean }) => {
      const { ruleset } = compiled;
      const chains = ruleset.chains.filter(({ name }) => on || name !== "gr_dns");
      dataplane.apply({ ...ruleset, digest: `${ruleset.digest}${String(on)}`, chains });
      // A port that is used again would go the way it went before.
      dataplane.cut(dataplane.connections(100_000).connections);
    },
    cpuUs: () => process.cpuUsage(),
    close: () => side.close(),
  };
}
