// The gateway as a node of a Garrison server: joins like an agent, gets WafPolicy and WafFloor, ships waf_events and gaps through a spool, reports itself.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { Fault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";
import { createAddressBook, type AddressBook } from "../../core/directory/address-book.ts";
import { readMachine } from "../../edge/proc/machine.ts";
import { openSpool, type Spool } from "../../edge/spool/spool.ts";
import { parseJoinToken } from "../../edge/trust/join-token.ts";
import { createUplink, type Uplink, type UplinkConnection } from "../../edge/uplink/uplink.ts";
import type { AgentReport, JoinToken } from "../../model/agent-protocol.ts";
import type { GatewayReport } from "../../model/node.ts";
import type { Resource, ResourceStatus } from "../../model/resource.ts";
import { WafFloor, WafPolicy } from "../../model/waf-policy.ts";
import { gatewayLimits, type GatewayConfig } from "./config.ts";
import { createOutbox, type Outbox } from "./events/outbox.ts";
import { floorsInOrder } from "../../core/waf/policy/floor-in-force.ts";
import type { NamedWafFloor, NamedWafPolicy, WafPolicyProblem } from "../../core/waf/policy/named.ts";
import { gatewayVersion } from "./version.ts";

export interface ServerLink {
  readonly book: AddressBook;
  readonly outbox: Outbox;
  /** As the server sent them last; each start begins with the last ones from disk. */
  readonly policies: readonly NamedWafPolicy[];
  readonly floor: NamedWafFloor | undefined;
  /** Whether resources came, from disk or from the server. */
  readonly hasHeard: boolean;
  readonly state: { readonly connected: boolean; readonly because: string };
  start(): Promise<void>;
  reportSoon(): void;
  /** About every ten seconds. */
  tick(): Promise<void>;
  close(): Promise<void>;
}

export interface ServerLinkParts {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly onPolicies: () => void;
  readonly onIdentities: () => void;
  readonly onConnection: (connection: UplinkConnection) => void;
  readonly report: () => {
    readonly gateway: GatewayReport;
    readonly problems: readonly WafPolicyProblem[];
    readonly problem: string;
  };
}

interface Heard {
  policies: readonly NamedWafPolicy[];
  floor: NamedWafFloor | undefined;
  /** What could not be read as what it says it is. */
  refused: readonly ResourceStatus[];
  resources: readonly Resource[];
  isHeard: boolean;
}

export async function openServerLink(parts: ServerLinkParts): Promise<ServerLink> {
  const { config, logger } = parts;
  if (!path.isAbsolute(config.data)) {
    throw new Fault("the gateway keeps its key and its spool in a data folder", {
      code: "gateway/data",
      kind: "usage",
      hint: "name one with --data FOLDER (absolute)",
    });
  }
  const folder = path.join(config.data, "gateway");
  const clock = { nowMs: Date.now };
  const boot = randomBytes(16).toString("hex");
  const spool = await openSpool({ folder: path.join(folder, "spool"), bytesMax: config.spool.bytesMax, clock, logger });
  const heard: Heard = { policies: [], floor: undefined, refused: [], resources: [], isHeard: false };
  const outbox = createOutbox({ spool, boot, nowMs: Date.now, onSpooled: () => uplink.wake() });
  const book = createAddressBook({ createdMs: Date.now(), aheadMs: () => uplink.state.clockAheadMs });
  const reporter = createReporter({ boot, spool, outbox, heard, parts });
  const uplink: Uplink = createUplink({
    server: doorUrl(config.server.address),
    folder,
    node: config.node === "" ? `${hostname().toLowerCase()}-waf` : config.node,
    agentVersion: gatewayVersion,
    joinToken: () => readToken(config),
    source: spool,
    onResources: (resources) => {
      take(heard, resources);
      parts.onPolicies();
    },
    onIdentities: (message) => {
      book.apply(message, Date.now());
      parts.onIdentities();
    },
    report: (number) => reporter(number, uplink),
    onConnection: (connection) => {
      if (!connection.connected) book.disconnected();
      parts.onConnection(connection);
    },
    clock,
    random: Math.random,
    logger,
  });
  return {
    book,
    outbox,
    get policies() {
      return heard.policies;
    },
    get floor() {
      return heard.floor;
    },
    get hasHeard() {
      return heard.isHeard;
    },
    get state() {
      return { connected: uplink.state.connected, because: uplink.state.because };
    },
    start: () => uplink.start(),
    reportSoon: () => uplink.reportSoon(),
    tick: () => spool.tick(),
    async close() {
      await outbox.flush();
      await outbox.tellGaps(Date.now());
      await uplink.close(gatewayLimits.drainMsMax);
      await spool.close();
    },
  };
}

const ourKinds = ["WafPolicy", "WafFloor"];

/** The server has checked them; a newer server may say more than this gateway knows. */
function take(heard: Heard, resources: readonly Resource[]): void {
  const ours = resources.filter(({ kind, deleted }) => ourKinds.includes(kind) && !deleted);
  const policies: NamedWafPolicy[] = [];
  const refused: ResourceStatus[] = [];
  const floors: NamedWafFloor[] = [];
  for (const { kind, scope, name, generation, spec } of ours) {
    const parsed = kind === "WafFloor" ? WafFloor.safeParse(spec) : WafPolicy.safeParse(spec);
    if (!parsed.success) {
      const because = `${parsed.error.issues[0]?.path.join(".") ?? ""}: ${parsed.error.issues[0]?.message ?? "invalid"}`;
      refused.push({ kind, scope, name, generation, state: "refused", because });
    } else if (kind === "WafFloor") floors.push({ scope, name, spec: parsed.data as WafFloor });
    else policies.push({ scope, name, spec: parsed.data as WafPolicy });
  }
  const [floor, ...others] = floorsInOrder(floors);
  for (const other of others) {
    const generation = ours.find(({ scope, name }) => scope === other.scope && name === other.name)?.generation ?? 0;
    const because = `not in force: floor ${floor?.name ?? ""} of ${floor?.scope ?? ""} comes first`;
    refused.push({ kind: "WafFloor", scope: other.scope, name: other.name, generation, state: "refused", because });
  }
  Object.assign(heard, { policies, floor, refused, resources: ours, isHeard: true } satisfies Heard);
}

interface ReporterParts {
  readonly boot: string;
  readonly spool: Spool;
  readonly outbox: Outbox;
  readonly heard: Heard;
  readonly parts: ServerLinkParts;
}

function createReporter({ boot, spool, outbox, heard, parts }: ReporterParts) {
  const machine = readMachine("/proc");
  const startedAt = new Date().toISOString();
  return (number: number, uplink: Uplink): AgentReport => {
    const { gateway, problems, problem } = parts.report();
    const usage = process.cpuUsage();
    const { state } = uplink;
    return {
      boot,
      number,
      startedAt,
      gateway,
      resources: [...heard.refused, ...statuses(heard, problems, problem)],
      fidelity: "proxy",
      fidelityBecause: "a web application firewall: it sees the requests that pass through it",
      capabilities: [],
      agentVersion: gatewayVersion,
      kernel: machine.kernel,
      operatingSystem: machine.operatingSystem,
      architecture: machine.architecture,
      bootId: machine.bootId,
      lagMs: state.lagMs,
      counters: {
        eventsByType: { request: gateway.requests },
        ringDropsByType: {},
        redactions: 0,
        identitiesUnknown: 0,
        queueDrops: outbox.dropped,
        spoolDrops: spool.rowsDropped,
        spoolBytes: spool.bytes,
        spoolFiles: spool.files,
        blocksAcknowledged: state.blocksAcknowledged,
        blocksRefused: state.blocksRefused,
        rowsAcknowledged: state.rowsAcknowledged,
        residentBytes: process.memoryUsage.rss(),
        cpuMs: Math.round((usage.user + usage.system) / 1e3),
      },
    };
  };
}

/** A load that was refused as a whole holds back what changed with it. */
function statuses(heard: Heard, problems: readonly WafPolicyProblem[], problem: string): readonly ResourceStatus[] {
  const refusedKeys = new Set(heard.refused.map(keyOf));
  return heard.resources
    .filter((resource) => !refusedKeys.has(keyOf(resource)))
    .map(({ kind, scope, name, generation }) => {
      const own = problems.filter((one) => one.scope === scope && one.name === name);
      const isRefused = problem !== "" || own.some((one) => one.severity === "error");
      const because = [...own.map(({ message }) => message), problem]
        .filter((text) => text !== "")
        .join("; ")
        .slice(0, 1000);
      return { kind, scope, name, generation, state: isRefused ? ("refused" as const) : ("applied" as const), because };
    });
}

function keyOf({ kind, scope, name }: Pick<ResourceStatus, "kind" | "scope" | "name">): string {
  return `${kind} ${scope} ${name}`;
}

/** Where a server's agents' door is when nobody says otherwise. */
const doorPort = "8687";

/** "host", "host:port" or "https://host:port". */
export function doorUrl(address: string): URL {
  try {
    const url = new URL(address.includes("://") ? address : `https://${address}`);
    if (url.protocol === "https:" && url.hostname !== "") {
      if (!/:\d+\/?$/.test(address)) url.port = doorPort;
      return url;
    }
  } catch {
    // the fault below says what is wrong
  }
  throw new Fault(`${address} is not the address of a server's agents' door`, {
    code: "gateway/server-address",
    kind: "usage",
    hint: "write HOST:PORT; without a port it is 8687",
  });
}

async function readToken({ join, cluster }: GatewayConfig): Promise<JoinToken | undefined> {
  let text = join.token;
  if (text === "" && join.tokenFile !== "") {
    try {
      text = (await readFile(join.tokenFile, "utf8")).trim();
    } catch (cause) {
      throw new Fault(`the join token's file ${join.tokenFile} cannot be read`, {
        code: "gateway/token-file",
        kind: "usage",
        cause,
      });
    }
  }
  if (text === "") return undefined;
  const token = parseJoinToken(text);
  if (cluster === "" || token.cluster === cluster) return token;
  throw new Fault(`the join token is for cluster ${token.cluster}, not ${cluster}`, {
    code: "gateway/other-cluster",
    kind: "usage",
  });
}
