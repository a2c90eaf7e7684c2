// One container while it is learnt: what was told of it, and the row that adds what came since.
import { capabilitiesOfMask } from "../../../core/profile/capabilities.ts";
import { systemCallsOf, type Architecture } from "../../../core/profile/system-calls.ts";
import type { LearntScope } from "../../../core/sense/learner.ts";
import type { Subject } from "../../../model/identity.ts";
import type { Row } from "../../../model/table.ts";
import { usageLimits } from "./limits.ts";

export class LearntContainer {
  readonly mountNamespace: number;
  subject: Subject;
  seenMs: number;
  isWanted = false;
  readonly #architecture: Architecture;
  /** Since it is known: the kernel begins anew whenever learning does. */
  readonly #calls = new Set<string>();
  readonly #told = new Set<string>();
  readonly #unnamed = new Set<number>();
  readonly #toldUnnamed = new Set<number>();
  readonly #capabilities = new Set<string>();
  readonly #toldCapabilities = new Set<string>();
  readonly #inferred = new Set<string>();
  readonly #toldInferred = new Set<string>();
  readonly #executables = new Set<string>();
  readonly #toldExecutables = new Set<string>();
  #toldExecs = 0;
  /** Of the last row, or since when it is known. */
  #rowMs: number;
  #wholeMs: number;
  #learntSinceMs: number | undefined;

  constructor(
    mountNamespace: number,
    subject: Subject,
    { architecture, nowMs }: { architecture: Architecture; nowMs: number },
  ) {
    this.mountNamespace = mountNamespace;
    this.subject = subject;
    this.seenMs = nowMs;
    this.#architecture = architecture;
    this.#wholeMs = nowMs;
    this.#rowMs = nowMs;
  }

  /** Learning goes on from now (it is counted from then), or has ended. */
  setLearning(isLearning: boolean, nowMs: number): void {
    if (!isLearning) this.#learntSinceMs = undefined;
    else this.#learntSinceMs ??= nowMs;
  }

  infer(capability: string): void {
    this.#inferred.add(capability);
  }

  run(executable: string): void {
    if (this.#executables.size < usageLimits.executablesMax) this.#executables.add(executable);
  }

  /** Undefined: nothing is new and the last row is young. */
  row(scope: LearntScope, nowMs: number): Row<"workload_usage"> | undefined {
    const { names, unnamed } = systemCallsOf(this.#architecture, scope.calls);
    for (const name of names) this.#calls.add(name);
    for (const number of unnamed) this.#unnamed.add(number);
    for (const name of capabilitiesOfMask(scope.capabilities)) this.#capabilities.add(name);
    const isWhole = nowMs - this.#wholeMs >= usageLimits.wholeRowMs;
    const fresh = <T>(all: Iterable<T>, told: Set<T>): T[] => [...all].filter((one) => isWhole || !told.has(one));
    const added = {
      systemCalls: fresh(this.#calls, this.#told).toSorted(),
      systemCallsUnnamed: fresh(this.#unnamed, this.#toldUnnamed),
      capabilities: fresh(this.#capabilities, this.#toldCapabilities),
      capabilitiesInferred: fresh(this.#inferred, this.#toldInferred).toSorted(),
      executables: fresh(this.#executables, this.#toldExecutables).toSorted(),
    };
    const hasNews = Object.values(added).some((list) => list.length > 0);
    if (!hasNews && nowMs - this.#rowMs < usageLimits.quietRowMs) return undefined;
    const since = this.#learntSinceMs ?? nowMs;
    const row: Row<"workload_usage"> = {
      time: nowMs,
      architecture: this.#architecture,
      ...added,
      isWhole,
      startSeen: scope.startSeen,
      hasForeignCalls: scope.hasForeignCalls,
      learntSeconds: Math.max(0, Math.round((nowMs - since) / 1000)),
      processes: Math.max(0, scope.execs - this.#toldExecs),
      because: this.#executables.size >= usageLimits.executablesMax ? "limit: executables" : "",
      ...this.subject,
      fidelity: "kernel",
    };
    this.#remember(added, scope, nowMs);
    if (isWhole) this.#wholeMs = nowMs;
    return row;
  }

  #remember(
    added: Pick<
      Row<"workload_usage">,
      "systemCalls" | "systemCallsUnnamed" | "capabilities" | "capabilitiesInferred" | "executables"
    >,
    scope: LearntScope,
    nowMs: number,
  ): void {
    for (const name of added.systemCalls) this.#told.add(name);
    for (const number of added.systemCallsUnnamed) this.#toldUnnamed.add(number);
    for (const name of added.capabilities) this.#toldCapabilities.add(name);
    for (const name of added.capabilitiesInferred) this.#toldInferred.add(name);
    for (const path of added.executables) this.#toldExecutables.add(path);
    this.#toldExecs = scope.execs;
    this.#rowMs = nowMs;
    // Whole seconds are told: what is left over counts in the next row.
    if (this.#learntSinceMs !== undefined) this.#learntSinceMs = nowMs;
  }
}
