// What the main thread and its workers say to each other. Plain data; sockets go as numbers of descriptors, which all threads of the process share.
import type { EngineTables } from "../../../core/waf/engine/engine.ts";
import type { WafWorkload } from "../../../core/waf/policy/target.ts";
import type { InspectorCounts } from "../engine-inspector.ts";
import type { HttpFigures } from "../http/http-side.ts";
import type { ConnectionSource } from "../inspect.ts";
import type { HttpLimits } from "../limits.ts";
import type { LoadOrder } from "../rules/load-rules.ts";
import type { WafPolicyProblem } from "../../../core/waf/policy/named.ts";
import type { RulePackage } from "../rules/rule-package.ts";
import type { WafProblem } from "../../../core/waf/position.ts";
import type { EventRecord } from "../events/record.ts";

/** Doors whose connections the main thread accepts and workers serve. */
export type ListeningDoor = "proxy" | "extproc" | "extauthz" | "authrequest";

export interface UpstreamSetting {
  readonly host: string;
  readonly port: number;
  readonly protocol: "http1" | "h2c";
  readonly isTls: boolean;
}

/** What a worker is told once. */
export interface WorkerSettings {
  readonly upstream: UpstreamSetting | undefined;
  /** What stands behind the doors, as flags say; a server knows it better. */
  readonly workload: WafWorkload | undefined;
  readonly trustedProxies: readonly string[];
  readonly doubleFraming: "refuse" | "drop-length";
  readonly onBodyTooLarge: "block" | "pass";
  readonly limits: HttpLimits;
}

export interface WorkerFigures {
  readonly http: HttpFigures;
  readonly inspector: InspectorCounts;
  /** Requests by door, other than through the HTTP side. */
  readonly doors: Readonly<Record<string, number>>;
  readonly engine: {
    readonly transactions: number;
    readonly memoEntries: number;
    readonly memoHits: number;
    readonly budgetExceeded: number;
  };
  readonly eventsDropped: number;
  readonly heapBytes: number;
}

export type LoadResult =
  | {
      readonly number: number;
      readonly isLoaded: true;
      readonly digest: string;
      readonly rules: number;
      readonly source: string;
      readonly problems: readonly WafProblem[];
      readonly policyProblems: readonly WafPolicyProblem[];
      readonly nextChangeMs: number | undefined;
      readonly loadMs: number;
      /** Of the first worker: for the others. */
      readonly package: RulePackage;
      readonly tables: EngineTables;
    }
  | { readonly number: number; readonly isLoaded: false; readonly because: string };

export type ToWorker =
  /** `errorsMax`: a set with more refused directives than this is not put in force. */
  | { readonly type: "load"; readonly order: LoadOrder; readonly errorsMax: number }
  | {
      readonly type: "socket";
      readonly descriptor: number;
      readonly door: ListeningDoor;
      readonly source: ConnectionSource;
    }
  | { readonly type: "workload"; readonly workload: WafWorkload | undefined }
  | { readonly type: "taken"; readonly records: number }
  | { readonly type: "close"; readonly drainMs: number };

export type FromWorker =
  | { readonly type: "result"; readonly result: LoadResult }
  | { readonly type: "records"; readonly records: readonly EventRecord[] }
  | { readonly type: "figures"; readonly figures: WorkerFigures }
  | { readonly type: "closed" };
