// Baselines on the node: every row on its way to the outbox is judged against the baseline of its workload; what is outside is drift, told as a security event.
// Rows come with their workload's late identity settled, so drift is never told of "nobody yet". Protecting baselines go to the guard as lists of programs.
import { createDriftBook, type DriftBook } from "../../../core/baseline/drift-book.ts";
import { compileBaseline, driftOf, type CompiledBaseline } from "../../../core/baseline/judge.ts";
import { baselineTables, type BaselineTable } from "../../../core/baseline/row-items.ts";
import { pickBaseline } from "../../../core/baseline/target.ts";
import type { AllowListTaker } from "../../../core/runtime-policy/contract.ts";
import { Baseline } from "../../../model/baseline.ts";
import type { Subject } from "../../../model/identity.ts";
import type { Resource, ResourceStatus } from "../../../model/resource.ts";
import type { Row, TableName } from "../../../model/table.ts";
import type { Outbox } from "../outbox.ts";
import { createAllowLists } from "./allow-lists.ts";
import { deedOfRow, driftRow, overflowRow, processOfRow, subjectOfRow, type DriftSample } from "./drift-row.ts";

export const driftSideLimits = {
  /** Baselines of one node; more are refused by name. */
  baselinesMax: 2000,
  /** Workloads whose baseline is remembered, found or not. */
  ownersMax: 10_000,
  tickEveryMs: 10_000,
} as const;

export interface DriftSide {
  /** Takes the whole set of this node's resources, of any kind. */
  setResources(resources: readonly Resource[]): void;
  /** Of the Baselines among them, with what the guard says of those that protect. */
  statuses(): readonly ResourceStatus[];
  /** Judges one row; tells at most what the limits allow. */
  take<Name extends TableName>(table: Name, row: Row<Name>): void;
  /** Drift that was repeated within the hour that ended. */
  tick(nowMs: number): void;
  /** The outbox, with every row that is pushed judged on its way; its flushes are the ticks. */
  tap(outbox: Outbox): Outbox;
  readonly counters: { readonly judged: number; readonly drift: number; readonly untold: number };
}

export interface DriftSideOptions {
  readonly nowMs: () => number;
  readonly tell: (row: Row<"security_events">) => void;
  /** Absent: nothing on this node can end programs. */
  readonly guard?: AllowListTaker;
}

interface Held {
  readonly scope: string;
  readonly name: string;
  readonly generation: number;
  readonly spec: Baseline;
  readonly compiled: CompiledBaseline;
}

const judgedTables: ReadonlySet<string> = new Set(baselineTables);

export function createDriftSide(options: DriftSideOptions): DriftSide {
  return new NodeDrift(options);
}

class NodeDrift implements DriftSide {
  readonly #options: DriftSideOptions;
  readonly #book: DriftBook<DriftSample> = createDriftBook();
  readonly #lists;
  #held: readonly Held[] = [];
  #refused: readonly ResourceStatus[] = [];
  /** Of the version before, while the guard has not taken a new one yet: "applied" must mean that it is in force. */
  #settled = new Map<string, ResourceStatus>();
  #owners = new Map<string, Held | undefined>();
  #tickedMs = Number.NEGATIVE_INFINITY;
  #judged = 0;
  #drift = 0;

  constructor(options: DriftSideOptions) {
    this.#options = options;
    this.#lists = createAllowLists(options.guard);
  }

  get counters() {
    return { judged: this.#judged, drift: this.#drift, untold: this.#book.untold };
  }

  setResources(resources: readonly Resource[]): void {
    const held: Held[] = [];
    const refused: ResourceStatus[] = [];
    for (const resource of resources) {
      if (resource.kind !== "Baseline" || resource.deleted) continue;
      const because = held.length >= driftSideLimits.baselinesMax ? tooMany : this.#take(resource, held);
      if (because !== "") refused.push({ ...keyOf(resource), state: "refused", because });
    }
    this.#held = held;
    this.#refused = refused;
    this.#owners.clear();
    this.#lists.set(held, this.#options.nowMs());
  }

  /** Returns why it is refused, or "". A version that is held already is not compiled again. */
  #take(resource: Resource, held: Held[]): string {
    const { scope, name, generation } = resource;
    const before = this.#held.find(
      (each) => each.scope === scope && each.name === name && each.generation === generation,
    );
    if (before !== undefined) {
      held.push(before);
      return "";
    }
    const spec = Baseline.safeParse(resource.spec);
    if (!spec.success) {
      const issue = spec.error.issues[0];
      return `${issue?.path.join(".") ?? "spec"}: ${issue?.message ?? "wrong"}`;
    }
    held.push({ scope, name, generation, spec: spec.data, compiled: compileBaseline(spec.data) });
    return "";
  }

  statuses(): readonly ResourceStatus[] {
    const before = this.#settled;
    this.#settled = new Map();
    for (const held of this.#held) {
      const key = `${held.scope}\n${held.name}`;
      const status = this.#lists.isPending(held) ? before.get(key) : this.#statusOf(held);
      if (status !== undefined) this.#settled.set(key, status);
    }
    return [...this.#settled.values(), ...this.#refused];
  }

  #statusOf(held: Held): ResourceStatus {
    return { ...keyOf({ kind: "Baseline", ...held }), state: "applied", because: this.#lists.becauseOf(held) };
  }

  take<Name extends TableName>(table: Name, row: Row<Name>): void {
    if (this.#held.length === 0 || !judgedTables.has(table)) return;
    this.#judge(table as BaselineTable, row as Row<BaselineTable>);
  }

  #judge(table: BaselineTable, row: Row<BaselineTable>): void {
    const action = "action" in row ? row.action : "";
    if (action === "fork" || action === "exit") return;
    const subject = subjectOfRow(table, row);
    if (subject.workload === "") return;
    if (action === "exec") this.#lists.saw(subject, this.#options.nowMs());
    const held = this.#baselineOf(subject);
    if (held === undefined) return;
    this.#judged += 1;
    for (const item of driftOf(held.compiled, table, row)) {
      const nowMs = this.#options.nowMs();
      const { name, generation } = held;
      const sample: DriftSample = {
        baseline: { name, generation, mode: held.spec.mode },
        item,
        timeMs: row.time,
        subject,
        process: processOfRow(table, row),
        ancestors: ancestorsOf(row),
        deed: deedOfRow(table, row),
        fidelity: row.fidelity,
      };
      this.#drift += 1;
      const count = countOf(row);
      const note = { workload: ownerKey(subject), item: `${item.kind} ${item.item}`, sample, count };
      if (this.#book.note(note, nowMs)) this.#options.tell(driftRow(sample, count, nowMs));
    }
  }

  #baselineOf(subject: Subject): Held | undefined {
    const key = ownerKey(subject);
    if (this.#owners.has(key)) return this.#owners.get(key);
    if (this.#owners.size >= driftSideLimits.ownersMax) this.#owners.clear();
    const { namespace, workload, workloadKind: kind, imageDigest } = subject;
    const held = pickBaseline(this.#held, { namespace, workload, kind, imageDigest });
    this.#owners.set(key, held);
    return held;
  }

  tick(nowMs: number): void {
    const { repeated, overflow } = this.#book.flush(nowMs);
    for (const { sample, count } of repeated) this.#options.tell(driftRow(sample, count, nowMs));
    for (const { sample, count } of overflow) this.#options.tell(overflowRow(sample, count, nowMs));
    this.#lists.tick(nowMs);
  }

  /** An outbox is flushed every second; repeats are due by the hour. */
  #tickNowAndThen(nowMs: number): void {
    if (nowMs - this.#tickedMs < driftSideLimits.tickEveryMs && nowMs >= this.#tickedMs) return;
    this.#tickedMs = nowMs;
    this.tick(nowMs);
  }

  tap(outbox: Outbox): Outbox {
    return {
      push: (table, row) => {
        this.take(table, row);
        outbox.push(table, row);
      },
      flush: () => {
        this.#tickNowAndThen(this.#options.nowMs());
        return outbox.flush();
      },
      tellGaps: (nowMs) => outbox.tellGaps(nowMs),
      takeDrops: () => outbox.takeDrops(),
      get queued() {
        return outbox.queued;
      },
      get dropped() {
        return outbox.dropped;
      },
    };
  }
}

function ancestorsOf(row: Row<BaselineTable>): readonly string[] {
  return "ancestors" in row ? (row as Row<"process_events">).ancestors : [];
}

/** How many equal events a row stands for. */
function countOf(row: Row<BaselineTable>): number {
  return "count" in row ? Math.max(1, (row as Row<"file_events">).count) : 1;
}

const tooMany = `more than ${driftSideLimits.baselinesMax} baselines for one node: give them the scope of their cluster or node`;

function keyOf({ kind, scope, name, generation }: Pick<ResourceStatus, "kind" | "scope" | "name" | "generation">) {
  return { kind, scope, name, generation };
}

function ownerKey({ namespace, workload, workloadKind, imageDigest }: Subject): string {
  return `${namespace}\n${workloadKind}\n${workload}\n${imageDigest}`;
}
