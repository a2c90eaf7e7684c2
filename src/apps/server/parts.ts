// What the handlers work with: the server's parts behind their ports. main.ts makes them, tests make some of them differently.
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { StateStore } from "../../core/state/ports.ts";
import type { TelemetryStore } from "../../core/store/telemetry-store.ts";
import type { Queries } from "../../edge/store/queries/queries.ts";
import type { Row } from "../../model/table.ts";
import type { ClustersSide } from "./clusters/clusters-side.ts";
import type { ServerConfig } from "./config.ts";
import type { ForeignParts } from "./foreign/handlers.ts";
import type { Status } from "./contract/health.ts";
import type { HandlersOf } from "./http/calls.ts";
import type { ImageDesk } from "./images/desk.ts";
import type { SinksSide } from "./runtime/sinks/sinks-side.ts";
import type { RiskOfImage } from "./images/risk-of-image.ts";
import type { ScanJobs } from "./images/scan-jobs.ts";
import type { LossWatch } from "./losses.ts";
import type { RateLimit } from "./http/rate-limit.ts";
import type { Metrics } from "./metrics.ts";

/** What the API says about, and asks of, the agents' door. */
export interface AgentsDoorView {
  /** Of the door; 0 when there is none. */
  readonly port: number;
  ingest(): Status["ingest"];
  notices(): readonly string[];
  /** SHA-256 of the CA, lower-case hex: a join token carries it. */
  readonly caSha256: string;
  /** Ends what a revoked agent has open. */
  cut(cluster: string, node: string): void;
}

/** Between those who read telemetry and the intake, where accepted rows wait for company before they go into the store. */
export interface Freshness {
  /** Somebody reads: resolves when what was accepted before is in the store, or after 1.5 s at most. Never rejects. */
  settle(): Promise<void>;
  /** Somebody watches: from now on accepted rows wait less. */
  watch(): void;
}

/** The agents' door as a part of the server: opened, listening, closed with it. */
export interface AgentsSide extends AgentsDoorView, AsyncDisposable {
  readonly freshness: Freshness;
  /** Makes a block of the server's own durable (foreign telemetry). */
  readonly accept: ForeignParts["accept"];
  /** Writes that rows are missing; what fails is counted, never thrown. */
  readonly recordGap: (place: { readonly cluster: string; readonly node: string }, gap: Row<"gaps">) => Promise<void>;
}

/** Images: what is kept of them, scans that the server makes, and the counts of lists. */
export interface ImagesSide extends AsyncDisposable {
  readonly desk: ImageDesk;
  readonly jobs: ScanJobs;
  readonly riskOf: RiskOfImage;
}

export type ForeignHandlers = HandlersOf<
  "ingestHubble" | "ingestFalco" | "ingestAudit" | "ingestOtlpLogs" | "ingestOtlpTraces"
>;

export interface ServerParts {
  readonly config: ServerConfig;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state: StateStore;
  readonly telemetry: TelemetryStore;
  readonly queries: Queries;
  readonly agents: AgentsDoorView;
  readonly foreign: ForeignHandlers;
  readonly clusters: ClustersSide;
  readonly images: ImagesSide;
  readonly sinks: SinksSide;
  /** What connected agents lost within the last hour. */
  readonly losses: LossWatch;
  readonly metrics: Metrics;
  readonly loginRefusals: RateLimit;
  readonly startedAtMs: number;
  /** One line each: what the server itself could not do, and why. */
  readonly notices: () => readonly string[];
  /** Why there is no console to serve, or "". */
  readonly consoleMissing: () => Promise<string>;
}
