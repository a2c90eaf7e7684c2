// The state store's ports: small transactional tables on SQLite or PostgreSQL. Implemented in edge/store/state.
import type { AgentReport } from "../../model/agent-protocol.ts";
import type { ImageRecords } from "./image-ports.ts";
import type { SinkRecords } from "./sink-ports.ts";
import type { Resource, ResourceKey, ResourceManifest, ResourceStatus } from "../../model/resource.ts";

export type Role = "viewer" | "operator" | "admin";

export interface JoinTokenRecord {
  readonly id: string;
  readonly cluster: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly usesLeft: number;
  readonly author: string;
}

export interface JoinTokens {
  /** Stores the token's SHA-256; the secret itself is never kept. */
  create(token: {
    cluster: string;
    secretSha256: string;
    expiresAtMs: number;
    uses: number;
    author: string;
  }): Promise<JoinTokenRecord>;
  /** The token as it is, no use taken: what can be refused for another reason is refused before `redeem`. Undefined as there. */
  find(secretSha256: string, nowMs: number): Promise<JoinTokenRecord | undefined>;
  /** Takes one use in one transaction; undefined when unknown, expired or used up (the caller does not say which). */
  redeem(secretSha256: string, nowMs: number): Promise<JoinTokenRecord | undefined>;
  list(nowMs: number): Promise<readonly JoinTokenRecord[]>;
  remove(id: string): Promise<boolean>;
}

export interface AgentRecord {
  readonly cluster: string;
  readonly node: string;
  /** Serial of the newest certificate, lower-case hex. */
  readonly serial: string;
  readonly expiresAtMs: number;
  readonly revoked: boolean;
  readonly lastSeenAtMs: number;
  readonly report: AgentReport | undefined;
}

export interface Agents {
  /** Records a certificate given out. A live agent of the same name is the caller's to refuse beforehand. */
  issued(agent: { cluster: string; node: string; serial: string; expiresAtMs: number }): Promise<void>;
  /** Whether a certificate may still be used. */
  isRevoked(serial: string): Promise<boolean>;
  /** Revokes every certificate of the agent. False when there is no such agent. */
  revoke(cluster: string, node: string): Promise<boolean>;
  /** Keeps the newest report and the time it came. */
  seen(cluster: string, node: string, report: AgentReport | undefined, nowMs: number): Promise<void>;
  get(cluster: string, node: string): Promise<AgentRecord | undefined>;
  list(): Promise<readonly AgentRecord[]>;
}

export interface ResourceChange {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface ApplyOptions {
  readonly author: string;
  readonly dryRun: boolean;
  /** The generation the author saw; 0 = must not exist; absent = whatever there is. */
  readonly ifGeneration?: number;
}

export interface ApplyOutcome {
  readonly outcome: "created" | "changed" | "unchanged";
  readonly resource: Resource;
  readonly changes: readonly ResourceChange[];
}

export interface Resources {
  /** Validates the spec by its kind's schema; a Fault says where it is wrong. */
  apply(manifest: ResourceManifest, options: ApplyOptions): Promise<ApplyOutcome>;
  get(key: ResourceKey, generation?: number): Promise<Resource | undefined>;
  list(kind: string): Promise<readonly Resource[]>;
  /** The newest generation of everything an agent of this node receives: global, its cluster's and its node's. */
  forAgent(cluster: string, node: string): Promise<readonly Resource[]>;
  remove(key: ResourceKey, author: string): Promise<Resource | undefined>;
  history(key: ResourceKey): Promise<readonly Resource[]>;
  restore(key: ResourceKey, generation: number, author: string): Promise<ApplyOutcome>;
  /** Called after each committed change, in order. Returns how to stop listening. */
  onChange(listener: (resource: Resource) => void): () => void;
  statusOf(key: ResourceKey): Promise<readonly (ResourceStatus & { cluster: string; node: string })[]>;
  /** What the nodes of a cluster said of every resource of a kind, by scope, name and node. */
  statusesIn(kind: string, cluster: string): Promise<readonly (ResourceStatus & { cluster: string; node: string })[]>;
  /** Generations of a kind that count no more, newest first, deletions left out: what was meant by a name of the past. At most `limit`. */
  past(kind: string, limit: number): Promise<readonly Resource[]>;
  recordStatus(cluster: string, node: string, statuses: readonly ResourceStatus[]): Promise<void>;
}

export interface LedgerRecord {
  readonly id: number;
  readonly timeMs: number;
  readonly user: string;
  readonly action: string;
  readonly target: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly outcome: "done" | "refused";
}

export interface Ledger {
  /** Never a secret value in `detail`. */
  write(entry: Omit<LedgerRecord, "id">): Promise<void>;
  list(limit: number, beforeId?: number): Promise<readonly LedgerRecord[]>;
}

export interface TokenRecord {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly role: Role;
  /** "api": bearer; "one-time": exchanged once for a session; "session": the cookie's; "local": the data folder's file. */
  readonly use: "api" | "one-time" | "session" | "local";
  readonly createdAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly lastUsedAtMs: number | undefined;
}

export interface Tokens {
  create(token: Omit<TokenRecord, "id" | "lastUsedAtMs"> & { secretSha256: string }): Promise<TokenRecord>;
  /** The live token with this hash, or undefined. A one-time token is deleted by the same transaction. */
  find(secretSha256: string, nowMs: number): Promise<TokenRecord | undefined>;
  list(use: TokenRecord["use"], nowMs: number): Promise<readonly TokenRecord[]>;
  remove(id: string): Promise<boolean>;
}

export interface Settings {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
}

export interface StateStore extends AsyncDisposable {
  readonly joinTokens: JoinTokens;
  readonly agents: Agents;
  readonly resources: Resources;
  readonly ledger: Ledger;
  readonly tokens: Tokens;
  readonly settings: Settings;
  readonly images: ImageRecords;
  readonly sinks: SinkRecords;
  readonly kind: "sqlite" | "postgresql";
  /** Brings the schema forward; refuses a newer one with a fault that says so. */
  migrate(): Promise<void>;
  ping(): Promise<void>;
}
