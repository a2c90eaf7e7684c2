// How the agent is, for the server: what it sees and by which means, what it lost, what became of its resources.
import type { Sensor } from "../../core/sense/sensor.ts";
import type { Machine } from "../../edge/proc/machine.ts";
import type { Spool } from "../../edge/spool/spool.ts";
import type { UplinkState } from "../../edge/uplink/uplink.ts";
import type { AgentReport } from "../../model/agent-protocol.ts";
import type { GatewayReport } from "../../model/node.ts";
import type { ResourceStatus } from "../../model/resource.ts";
import type { DetectSide } from "./detect/detect-side.ts";
import type { Outbox } from "./outbox.ts";
import type { Pipeline } from "./pipeline.ts";
import type { UsageSide } from "./usage/usage-side.ts";
import { agentVersion } from "./version.ts";

export interface ReportSources {
  readonly boot: string;
  readonly startedMs: number;
  readonly machine: Machine;
  readonly sensor: Sensor;
  readonly spool: Spool;
  readonly outbox: Outbox;
  readonly pipeline: Pipeline;
  readonly usage: Pick<UsageSide, "capabilities">;
  readonly gateway: (() => GatewayReport) | undefined;
  readonly detect?: Pick<DetectSide, "report">;
}

export type Reporter = (number: number, resources: readonly ResourceStatus[], uplink: UplinkState) => AgentReport;

export function createReporter(sources: ReportSources): Reporter {
  const { boot, startedMs, machine, sensor, spool, outbox, pipeline } = sources;
  return (number, resources, uplink) => {
    const stats = sensor.stats();
    const usage = process.cpuUsage();
    return {
      boot,
      number,
      resources: [...resources],
      fidelity: sensor.fidelity,
      fidelityBecause: sensor.fidelityBecause,
      capabilities: [...sensor.capabilities, ...sources.usage.capabilities],
      agentVersion,
      kernel: machine.kernel,
      operatingSystem: machine.operatingSystem,
      architecture: machine.architecture,
      bootId: machine.bootId,
      startedAt: new Date(startedMs).toISOString(),
      lagMs: uplink.lagMs,
      ...(sources.gateway === undefined ? {} : { gateway: sources.gateway() }),
      ...(sources.detect === undefined ? {} : { detection: sources.detect.report() }),
      counters: {
        eventsByType: { ...stats.eventsByType },
        ringDropsByType: { ...stats.dropsByType },
        queueDrops: outbox.dropped,
        spoolDrops: spool.rowsDropped,
        spoolBytes: spool.bytes,
        spoolFiles: spool.files,
        blocksAcknowledged: uplink.blocksAcknowledged,
        blocksRefused: uplink.blocksRefused,
        rowsAcknowledged: uplink.rowsAcknowledged,
        redactions: pipeline.counters.redactions,
        identitiesUnknown: pipeline.counters.identitiesUnknown,
        residentBytes: process.memoryUsage.rss(),
        cpuMs: Math.round((usage.user + usage.system) / 1000),
      },
    };
  };
}
