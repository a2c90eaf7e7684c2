// The agents' door with what it needs: certificate authority, intake (spool and inserter), distribution of resources.
import path from "node:path";
import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/logger.ts";
import type { IdentitySource } from "../../../core/directory/identity-source.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import type { TelemetryStore } from "../../../core/store/telemetry-store.ts";
import { encodeBlock } from "../../../edge/blocks/encode-block.ts";
import { inspectBlock } from "../../../edge/blocks/inspect-block.ts";
import { openCertificateAuthority } from "../../../edge/trust/certificate-authority.ts";
import { plantAuthority, readSeedToken } from "../../../edge/trust/trust-seed.ts";
import { createAttention } from "../agents/attention.ts";
import { Distribution } from "../agents/distribution.ts";
import { createAgentsDoor } from "../agents/door.ts";
import { IdentityFeed } from "../agents/identity-feed.ts";
import { openIntake } from "../agents/intake.ts";
import { registerSeedToken } from "../agents/seed-token.ts";
import type { ServerConfig } from "../config.ts";
import type { AgentsSide } from "../parts.ts";

export interface AgentsSideParts {
  readonly config: ServerConfig;
  readonly state: StateStore;
  readonly telemetry: TelemetryStore;
  /** What the clusters' inventories say of who is who. */
  readonly identities: IdentitySource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In the place of the delay that follows attention: for tests. */
  readonly insertDelayMs?: number | undefined;
}

/** Opens the door; disposing it stops intake first, then lets what was accepted arrive. */
export async function openAgentsSide({
  config,
  state,
  telemetry,
  identities,
  clock,
  logger,
  insertDelayMs,
}: AgentsSideParts): Promise<AgentsSide> {
  await using opening = new AsyncDisposableStack();
  const { address, port } = config.agents;
  const { authority, seedNotices } = await openTrust({ config, state, clock });
  const attention = createAttention(() => performance.now());
  const intake = await openIntake({
    folder: path.join(config.data, "spool"),
    store: telemetry,
    encodeGaps: (rows) => encodeBlock("gaps", rows),
    delayMs: () => insertDelayMs ?? attention.delayMs(),
    clock,
    logger,
  });
  function watch(): void {
    if (attention.note()) intake.wake();
  }
  opening.defer(() => intake.close());
  const distribution = new Distribution({ resources: state.resources, clock, logger });
  opening.defer(() => distribution.stop());
  const feed = new IdentityFeed({ identities, monotonicMs: () => performance.now() });
  opening.defer(() => feed.stop());
  const door = createAgentsDoor({
    host: address,
    port,
    authority,
    state,
    store: telemetry,
    intake,
    distribution,
    identities: feed,
    inspect: inspectBlock,
    clock,
    logger,
  });
  const boundPort = await door.start();
  opening.defer(() => door.stop());
  const opened = opening.move();
  return {
    port: boundPort,
    caSha256: authority.caSha256,
    freshness: {
      watch,
      settle() {
        watch();
        return intake.flush();
      },
    },
    accept: (place, block) => intake.acceptOwn(place, block),
    recordGap: (place, gap) => intake.recordGap(place, gap),
    notices: () => [...seedNotices, ...door.notices()],
    cut: (cluster, node) => door.cut({ cluster, node }),
    ingest() {
      const { rows, blocks, duplicates, refusedByCode, spoolBlocks, spoolBytes } = door.counters();
      return { rows, blocks, duplicates, refusedByCode: { ...refusedByCode }, spoolBlocks, spoolBytes };
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The CA of the data folder, the installation's where there was none, and the installation's join token. */
async function openTrust({ config, state, clock }: Pick<AgentsSideParts, "config" | "state" | "clock">) {
  const pki = path.join(config.data, "pki");
  const { names, seedFolder } = config.agents;
  const planted = seedFolder === "" ? "" : await plantAuthority(pki, seedFolder);
  const authority = await openCertificateAuthority({ folder: pki, names, clock });
  const token = seedFolder === "" ? undefined : await readSeedToken(seedFolder);
  const registered = await registerSeedToken(token, { state, caSha256: authority.caSha256, clock });
  return { authority, seedNotices: [planted, registered].filter((line) => line !== "") };
}
