// The agent: sensor -> pipeline -> outbox -> spool -> uplink, one process, one thread for events. Wiring, clock and shutdown live here.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { toFault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";
import { createAddressBook, type AddressBook } from "../../core/directory/address-book.ts";
import type { ContainerDirectory } from "../../core/process/container-directory.ts";
import type { AllowListTaker } from "../../core/runtime-policy/contract.ts";
import type { Sensor } from "../../core/sense/sensor.ts";
import { readCgroupFile } from "../../edge/proc/cgroup-file.ts";
import { readMachine } from "../../edge/proc/machine.ts";
import { readUsedFiles } from "../../edge/proc/used-files.ts";
import { openSpool } from "../../edge/spool/spool.ts";
import { createUplink, type Uplink } from "../../edge/uplink/uplink.ts";
import { blockLimits, type AgentReport } from "../../model/agent-protocol.ts";
import type { GatewayReport } from "../../model/node.ts";
import type { Row } from "../../model/table.ts";
import { createDriftSide, type DriftSide } from "./baseline/drift-side.ts";
import { agentLimits, AgentConfig } from "./config.ts";
import { createConnectionWords } from "./connection-words.ts";
import { createLazyContainers } from "./containers.ts";
import type { DetectSide } from "./detect/detect-side.ts";
import { detectLimits } from "./detect/limits.ts";
import { openDetect } from "./detect/open-detect.ts";
import { detectionKind } from "./detect/rule-book.ts";
import { enforceFolder } from "./enforce/break-glass.ts";
import type { EnforceSide } from "./enforce/enforce-side.ts";
import { enforceKinds } from "./enforce/kinds.ts";
import { neverEnforced } from "./enforce/never.ts";
import { createEnforceSideWhenAsked } from "./enforce/when-asked.ts";
import { createGapWatch, type GapSources } from "./gap-watch.ts";
import { downGap, readHeartbeat, writeHeartbeat } from "./heartbeat.ts";
import { doorText, doorUrl, readJoinToken } from "./join-token.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { createPipeline, type Pipeline, type PipelineOptions } from "./pipeline.ts";
import { createReporter } from "./report.ts";
import { createResourceTakers } from "./resource-takers.ts";
import { openSensor } from "./sensor-choice.ts";
import { createBeat } from "./timer.ts";
import { agentVersion } from "./version.ts";
import { createUsedFilesWatch, type UsedFilesWatch } from "./used-files.ts";
import { openGuardSide } from "./guard/open-guard-side.ts";
import { guardSideLimits } from "./guard/limits.ts";
import { openUsage } from "./usage/open-usage.ts";
import { learningKind } from "./usage/windows.ts";
import { createVisibilityBook } from "./visibility.ts";

/** Kinds of resources that have a part of their own here. */
const takenElsewhere: readonly string[] = [...enforceKinds, "Baseline", "RuntimePolicy", learningKind, detectionKind];

/** A gap that begins at the edge of the accepted range would fall out of it on the way. */
const marginMs = 60_000;

/** What whoever starts the agent hands in. */
export interface AgentParts {
  readonly logger: Logger;
  /** Aborts when the agent shall stop: drain, then resolve. */
  readonly signal: AbortSignal;
  ready(ready: { readonly type: "ready"; readonly notices: readonly string[] }): void;
  /** One line for a person, later than `ready`: connected, or why not. */
  notice?(line: string): void;
  /** For tests: another clock than this machine's. */
  readonly clock?: Clock;
  /** For tests: another sensor than this machine's. */
  readonly sensor?: Sensor;
  readonly containers?: ContainerDirectory;
  /** For the demo: called once it runs, with where rows that are made already go. */
  rows?(push: Outbox["push"]): void;
  /** For the demo, whose first node is a gateway too. */
  readonly gateway?: () => GatewayReport;
  /** For tests: each message of identities that was taken in, and what is known since. */
  heardIdentities?(state: AddressBook["state"]): void;
}

/** Runs until the signal aborts. Rejects with a Fault when it cannot start: spool folder, address, or a sensor that must not fall back. */
export async function runAgent(given: z.input<typeof AgentConfig>, parts: AgentParts): Promise<void> {
  const config = AgentConfig.parse(given);
  const agent = await assemble(config, parts);
  const { clock, folder, machine, outbox, pipeline, sensor, spool, uplink, enforce, usage } = agent;
  const nowMs = clock.nowMs();
  const oldestMs = nowMs - blockLimits.pastMsMax + marginMs;
  const gap = downGap(await readHeartbeat(folder), { timeMs: nowMs, bootId: machine.bootId }, oldestMs);
  if (gap !== undefined) outbox.push("gaps", gap);
  // Before the heartbeat that ends it: a kill in the first seconds must not forget it.
  await outbox.tellGaps(nowMs);
  await uplink.start();
  await sensor.start((events) => {
    pipeline.take(events);
    usage.take(events, clock.nowMs());
    agent.guard.take(events);
  });
  parts.rows?.((table, row) => outbox.push(table, row));
  parts.ready({ type: "ready", notices: [...noticesOf(config, sensor, agent.sensorDown), agent.words.first] });
  agent.words.begin();
  const flushGaps = (which: "ripe" | "last") => {
    for (const row of agent.gaps(clock.nowMs(), which)) outbox.push("gaps", row);
    for (const row of [...enforce.takeGaps(clock.nowMs()), ...usage.takeGaps(clock.nowMs())]) outbox.push("gaps", row);
    return outbox.tellGaps(clock.nowMs());
  };
  const windowMs = config.flow.windowSeconds * 1000;
  const heartbeat = (openMs = windowMs) => {
    const timeMs = clock.nowMs();
    return writeHeartbeat(folder, { timeMs, bootId: machine.bootId, toldMs: Math.max(nowMs, timeMs - openMs) });
  };
  const failed = (error: unknown) =>
    parts.logger.error({ error: toFault(error).message }, "a periodic task of the agent failed");
  const periodic = createBeat(agentLimits.beatMs, failed);
  periodic.every(agentLimits.tickEveryMs, () => {
    pipeline.tick(clock.nowMs());
    for (const row of enforce.flush(clock.nowMs())) outbox.push("flows", row);
    return outbox.queued >= agentLimits.flushRows ? outbox.flush() : undefined;
  });
  periodic.every(agentLimits.flushEveryMs, () => outbox.flush());
  periodic.every(agentLimits.gapEveryMs, () => flushGaps("ripe"));
  periodic.every(agentLimits.gapEveryMs, () => sensor.watchFirstBytes(pipeline.watchedCgroups()));
  periodic.every(agentLimits.usedFilesEveryMs, () => agent.usedFiles.tick(clock.nowMs()));
  periodic.every(agentLimits.usedFilesEveryMs, () => usage.tick(clock.nowMs()));
  periodic.every(guardSideLimits.tickEveryMs, () => agent.guard.tick());
  periodic.every(detectLimits.folderEveryMs, () => agent.detect.look());
  periodic.every(agentLimits.heartbeatEveryMs, () => heartbeat());
  periodic.every(agentLimits.spoolEveryMs, () => spool.tick());
  await heartbeat().catch(failed);
  giveBackLater(parts, failed);
  await aborted(parts.signal);

  periodic.stop();
  await sensor.close();
  pipeline.drain(clock.nowMs());
  usage.close(clock.nowMs());
  agent.guard.close();
  for (const row of enforce.drain()) outbox.push("flows", row);
  await outbox.flush();
  await flushGaps("last");
  await heartbeat(0).catch(failed);
  await uplink.close(agentLimits.drainMsMax);
  // Rules stay in the kernel: a restart is no hole.
  await enforce.close("keep");
  agent.runtime.close();
  await spool.close();
}

/** What all parts stand on: clock, folder, machine, spool, and the sensor. */
async function openGround(config: AgentConfig, { clock: given, logger, sensor: handedIn }: AgentParts) {
  const clock: Clock = given ?? { nowMs: Date.now };
  const folder = join(config.data, "agent");
  const machine = readMachine("/proc");
  const boot = randomBytes(16).toString("hex");
  const startedMs = clock.nowMs();
  const spool = await openSpool({ folder: join(folder, "spool"), bytesMax: config.spool.bytesMax, clock, logger });
  const { sensor, down: sensorDown } =
    handedIn === undefined ? await openSensor(config.sensor, process.pid) : { sensor: handedIn, down: "" };
  return { clock, folder, machine, boot, startedMs, spool, sensor, sensorDown };
}

/** Everything made and connected, nothing started but the sensor's kernel side (its rings fill from now on). */
async function assemble(config: AgentConfig, parts: AgentParts) {
  const ground = await openGround(config, parts);
  const { clock, folder, machine, boot, startedMs, spool, sensor, sensorDown } = ground;
  const { logger } = parts;
  const server = doorUrl(config.server.address);
  const { drift, outbox } = openDrift(createOutbox({ spool, boot, onSpooled: () => uplink.wake() }), clock, {
    setAllowLists: (lists) => guard.setAllowLists(lists),
    listsStanding: () => guard.listsStanding(),
  });
  const visibility = createVisibilityBook(config.node);
  const runtime = createLazyContainers({ clock, logger, socket: config.runtime.socket });
  const containers = parts.containers ?? runtime;
  const book = createAddressBook({ createdMs: startedMs, aheadMs: () => uplink.state.clockAheadMs });
  const enforce = openEnforcement(config, parts, { server, book, clock, outbox, uplink: () => uplink });
  const onDetection: Pipeline["detected"] = (detection) => pipeline.detected(detection);
  const detect = await openDetect(config, { sensor, sensorDown, bootTimeMs: machine.bootTimeMs, onDetection });
  const pipeline = openPipeline(config, { machine, book, sensor, visibility, containers, outbox, detect }, enforce);
  const usedFiles = openUsedFiles(parts, pipeline, outbox);
  const isThisMachine = parts.sensor === undefined;
  const nowMs = () => clock.nowMs();
  const node = { config, outbox, book, isThisMachine, logger };
  const guard = await openGuardSide({ ...node, pipeline: () => pipeline, nowMs });
  const usage = await openUsage({ config, pipeline, outbox, logger, isThisMachine });
  const gaps = createGapWatch(gapSourcesOf({ sensor, outbox, pipeline, sensorDown, usedFiles, detect }), startedMs);
  const takers = createResourceTakers(visibility, takenElsewhere, [usage, guard, drift, detect, enforce]);
  const { gateway } = parts;
  const report = createReporter({ boot, startedMs, machine, sensor, spool, outbox, pipeline, gateway, detect, usage });
  const words = createConnectionWords(doorText(server), (line) => parts.notice?.(line));
  const uplink: Uplink = createUplink({
    server,
    folder,
    node: config.node,
    agentVersion,
    joinToken: () => readJoinToken(config),
    source: spool,
    onResources: (resources) => {
      takers.take(resources, clock.nowMs());
      sensor.watchFirstBytes(pipeline.watchedCgroups());
    },
    onIdentities: (message) => {
      book.apply(message, clock.nowMs());
      pipeline.identitiesCame();
      enforce.identitiesCame();
      parts.heardIdentities?.(book.state);
    },
    report: (number): AgentReport => report(number, takers.statuses(), uplink.state),
    onConnection: (connection) => {
      if (!connection.connected) book.disconnected();
      words.take(connection);
    },
    clock,
    random: Math.random,
    logger,
  });
  return {
    ...ground,
    outbox,
    pipeline,
    uplink,
    words,
    runtime,
    gaps,
    usedFiles,
    usage,
    enforce,
    drift,
    guard,
    detect,
  };
}

/** Rows are judged on their way: their workload is known by then, or known to be unknown. */
function openDrift(
  plain: Outbox,
  clock: Clock,
  guard: AllowListTaker,
): { readonly drift: DriftSide; readonly outbox: Outbox } {
  const tell = (row: Row<"security_events">): void => plain.push("security_events", row);
  const drift = createDriftSide({ nowMs: () => clock.nowMs(), tell, guard });
  return { drift, outbox: drift.tap(plain) };
}

function openUsedFiles(parts: AgentParts, pipeline: Pipeline, outbox: Outbox): UsedFilesWatch {
  return createUsedFilesWatch({
    processes: () => pipeline.containerProcesses(),
    // A sensor that is handed in sees a node that is not this machine: its processes are not in this /proc.
    read: (pid) => (parts.sensor === undefined ? readUsedFiles("/proc", pid) : undefined),
    tell: (row) => outbox.push("file_events", row),
  });
}

interface LossSources {
  readonly sensor: Sensor;
  readonly outbox: Outbox;
  readonly pipeline: Pipeline;
  readonly sensorDown: string;
  readonly usedFiles: UsedFilesWatch;
  readonly detect: DetectSide;
}

function gapSourcesOf({ sensor, outbox, pipeline, sensorDown, usedFiles, detect }: LossSources): GapSources {
  return {
    sensorStats: () => sensor.stats(),
    queueDrops: () => outbox.takeDrops(),
    flowLosses: () => pipeline.flows.takeLosses(),
    usedFilesOmitted: () => usedFiles.takeOmitted(),
    fileDeedsOmitted: () => pipeline.takeFilesOmitted(),
    detectionLosses: () => detect.takeLosses(),
    sensorDown,
  };
}

function openPipeline(
  config: AgentConfig,
  needs: Pick<PipelineOptions, "machine" | "book" | "visibility" | "containers" | "outbox" | "detect"> & {
    readonly sensor: Sensor;
  },
  enforce: EnforceSide,
): Pipeline {
  const { sensor, ...rest } = needs;
  return createPipeline({
    ...rest,
    fidelity: sensor.fidelity,
    windowMs: config.flow.windowSeconds * 1000,
    rowsPerWindowMax: config.flow.rowsPerWindowMax,
    containersBecause: "no container runtime was asked",
    readCgroup: (pid) => readCgroupFile("/proc", pid),
    completeFlow: (row) => enforce.complete(row),
    isTwin: (lookup) => enforce.isTwin(lookup),
  });
}

interface EnforcementNeeds {
  readonly server: URL;
  readonly book: AddressBook;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly uplink: () => Uplink;
}

function openEnforcement(config: AgentConfig, parts: AgentParts, needs: EnforcementNeeds): EnforceSide {
  const { server, book, clock, outbox, uplink } = needs;
  if (config.policy.enforce === "never") return neverEnforced();
  return createEnforceSideWhenAsked({
    node: config.node,
    folder: enforceFolder(config.data),
    server: { host: server.hostname, port: Number(server.port === "" ? 443 : server.port) },
    book,
    clock,
    logger: parts.logger,
    dnsPort: config.policy.dnsPort,
    // A sensor that is handed in sees a node that is not this machine.
    kernel: parts.sensor === undefined ? "real" : "simulated",
    onDnsRow: (row) => outbox.push("dns_events", row),
    onStatus: () => uplink().reportSoon(),
  });
}

function noticesOf(config: AgentConfig, sensor: Sensor, down: string): readonly string[] {
  const how =
    down !== ""
      ? `nothing is seen on this machine: ${down}`
      : sensor.fidelity === "kernel"
        ? "from the kernel (eBPF)"
        : `by polling /proc, because ${sensor.fidelityBecause}`;
  const lacking = sensor.capabilities.filter((capability) => !capability.available);
  return [
    `agent    node ${config.node}: ${how}`,
    ...lacking.map((capability) => `note     not seen: ${capability.name} (${capability.because})`),
  ];
}

/** What only the start needed. A platform without koffi's native part keeps it. */
function giveBackLater({ sensor }: AgentParts, failed: (error: unknown) => void): void {
  // A sensor that is handed in: the process is somebody else's.
  if (sensor !== undefined) return;
  const give = async () => (await import("../../edge/sensor/give-back.ts")).giveBack();
  setTimeout(() => void give().catch(failed), agentLimits.giveBackAfterMs).unref();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
