// Foreign telemetry with what Kubernetes audit needs beside: rules over whole events, kept in step with DetectionRules resources, and files that are followed.
import os from "node:os";
import type { Clock } from "../../../base/clock.ts";
import { toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import { compileRules } from "../../../core/detect/compile-rules.ts";
import { createDetector } from "../../../core/detect/create-detector.ts";
import { auditSupply } from "../../../core/detect/supply.ts";
import type { IdentitySource } from "../../../core/directory/identity-source.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import type { ServerConfig } from "../config.ts";
import type { Metrics } from "../metrics.ts";
import type { AgentsSide, ForeignHandlers } from "../parts.ts";
import { createAuditDetect } from "../runtime/audit-detect.ts";
import { startAuditFiles, type AuditFileState } from "../runtime/audit-files.ts";
import { openForeignSide } from "./foreign.ts";

/** How often counters of audit rules expire. */
const tickEveryMs = 1000;

export interface AuditSideParts {
  readonly config: ServerConfig;
  readonly state: StateStore;
  readonly identities: IdentitySource;
  readonly agents: Pick<AgentsSide, "accept" | "recordGap">;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface AuditSide extends AsyncDisposable {
  readonly handlers: ForeignHandlers;
  /** One line for each file that is not read now. */
  notices(): readonly string[];
}

export async function openAuditSide(parts: AuditSideParts): Promise<AuditSide> {
  const { config, state, identities, agents, metrics, clock, logger } = parts;
  await using opening = new AsyncDisposableStack();
  const unknown = { userName: () => undefined, groupName: () => undefined, bootMs: 0 };
  const auditDetect = await createAuditDetect({
    resources: state.resources,
    compile: compileRules,
    createDetector,
    surroundings: { supply: auditSupply, machine: { hostname: os.hostname(), ...unknown } },
    logger,
  });
  opening.defer(
    state.resources.onChange(({ kind }) => {
      if (kind !== "DetectionRules") return;
      auditDetect
        .refresh()
        .catch((error: unknown) =>
          logger.error({ error: toFault(error).message }, "rules on audit events could not be read again"),
        );
    }),
  );
  const timer = setInterval(() => auditDetect.tick(clock.nowMs()), tickEveryMs);
  opening.defer(() => clearInterval(timer));
  const { accept, recordGap } = agents;
  const foreign = openForeignSide({ ownCluster: config.cluster, state, identities, accept, clock, auditDetect });
  const files = opening.use(
    await startAuditFiles({
      files: config.audit.files,
      dataFolder: config.data,
      take: foreign.takeAudit,
      recordGap,
      clock,
      logger,
    }),
  );
  countFiles(metrics, () => files.states());
  const opened = opening.move();
  return {
    handlers: foreign.handlers,
    notices: () =>
      files.states().flatMap(({ path, because }) => (because === "" ? [] : [`audit file ${path}: ${because}`])),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function countFiles(metrics: Metrics, states: () => readonly AuditFileState[]): void {
  const of = (name: "accepted" | "refused" | "rotations" | "truncations") => () =>
    states().map((state) => ({ labels: { cluster: state.cluster, file: state.path }, value: state[name] }));
  metrics.gauge("garrison_audit_file_events_total", "Audit events read from files", of("accepted"), "counter");
  metrics.gauge(
    "garrison_audit_file_refused_total",
    "Lines of audit files that were refused",
    of("refused"),
    "counter",
  );
  metrics.gauge("garrison_audit_file_rotations_total", "Audit files that were rotated", of("rotations"), "counter");
  metrics.gauge(
    "garrison_audit_file_truncations_total",
    "Audit files that were emptied in place",
    of("truncations"),
    "counter",
  );
}
