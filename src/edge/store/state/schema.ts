// The state store's tables as kysely sees them: portable types only, times in epoch milliseconds, JSON as text.
import type { Generated, Kysely } from "kysely";

interface TokenRow {
  id: string;
  secret_sha256: string;
  name: string;
  user_name: string;
  role: string;
  use: string;
  created_at_ms: number;
  expires_at_ms: number | null;
  last_used_at_ms: number | null;
}

interface JoinTokenRow {
  id: string;
  secret_sha256: string;
  cluster: string;
  created_at_ms: number;
  expires_at_ms: number;
  uses_left: number;
  author: string;
}

interface AgentRow {
  cluster: string;
  node: string;
  serial: string;
  expires_at_ms: number;
  revoked: number;
  last_seen_at_ms: number;
  report: string | null;
}

interface CertificateRow {
  serial: string;
  cluster: string;
  node: string;
  expires_at_ms: number;
  revoked: number;
}

/** Every generation of every resource; a deletion is a generation too. */
interface ResourceRow {
  kind: string;
  scope: string;
  name: string;
  generation: number;
  spec: string;
  author: string;
  time_ms: number;
  deleted: number;
}

/** The newest generation of each resource. */
interface ResourceHeadRow {
  kind: string;
  scope: string;
  name: string;
  generation: number;
  deleted: number;
}

interface ResourceStatusRow {
  kind: string;
  scope: string;
  name: string;
  cluster: string;
  node: string;
  generation: number;
  state: string;
  because: string;
  /** JSON of model/enforcement-status.ts; "" when the status has none. */
  enforcement: string;
}

interface LedgerRow {
  id: Generated<number>;
  time_ms: number;
  user_name: string;
  action: string;
  target: string;
  detail: string;
  outcome: string;
}

interface ImageRow {
  digest: string;
  /** JSON of core/state/image-ports.ts's ImageRecord, without digest and subjects. */
  record: string;
  /** Little-endian 32-bit numbers, base64. */
  subjects: string;
  /** As it was given, base64: the same column type everywhere. */
  analysis: string;
}

interface ImageSubjectRow {
  id: Generated<number>;
  subject_key: string;
  subject: string;
}

interface ImageSubjectResultRow {
  subject_id: number;
  database: string;
  result: string;
}

interface SinkPositionRow {
  sink: string;
  position: string;
}

interface SinkDeadLetterRow {
  id: Generated<number>;
  sink: string;
  time_ms: number;
  event: string;
  because: string;
  attempts: number;
}

export interface StateTables {
  schema_version: { version: number };
  settings: { key: string; value: string };
  tokens: TokenRow;
  join_tokens: JoinTokenRow;
  agents: AgentRow;
  certificates: CertificateRow;
  resources: ResourceRow;
  resource_heads: ResourceHeadRow;
  resource_status: ResourceStatusRow;
  ledger: LedgerRow;
  images: ImageRow;
  image_subjects: ImageSubjectRow;
  image_subject_results: ImageSubjectResultRow;
  sink_positions: SinkPositionRow;
  sink_dead_letters: SinkDeadLetterRow;
}

export type Database = Kysely<StateTables>;
export type StateKind = "sqlite" | "postgresql";

/** What each part of the store is made from. */
export interface StateContext {
  readonly database: Database;
  readonly kind: StateKind;
  readonly nowMs: () => number;
  /** A new random identifier. */
  readonly newId: () => string;
}

/** Named limits; what does not fit is refused with a fault, or is the oldest and leaves. */
export const stateLimits = {
  specBytesMax: 256 * 1024,
  resourcesPerKindMax: 10_000,
  /** Older generations leave; the newest always stays. */
  generationsPerResourceMax: 1000,
  /** Live tokens per use; the oldest session leaves, other uses are refused. */
  tokensPerUseMax: 1000,
  joinTokensMax: 1000,
  agentsMax: 20_000,
  reportBytesMax: 256 * 1024,
  /** The oldest entries leave, and an entry says how many. */
  ledgerEntriesMax: 1_000_000,
  ledgerDetailBytesMax: 16 * 1024,
  imagesMax: 50_000,
  imageReferencesMax: 50,
  /** Of one analysis as it is kept (compressed). */
  analysisBytesMax: 32 * 1024 * 1024,
  /** Characters that are kept of why an event could not be delivered. */
  deadLetterReasonMax: 1000,
} as const;
