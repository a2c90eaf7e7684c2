// What is in the kernel by this process: policies with their engine, compiled and applied. Follows the world, repairs what others undo, and can be taken out.
// All synchronous: the kernel takes a transaction whole or not at all, and what was there before stays when it does not.
import type { ApplyReport, Dataplane } from "../../../core/policy/compile/dataplane.ts";
import { createNftCompiler, type NftCompiler } from "../../../core/policy/compile/create-compiler.ts";
import type { CompileSettings, CompiledPolicies } from "../../../core/policy/compile/settings.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { PolicySet } from "../../../core/policy/model.ts";
import type { Intent } from "./intent.ts";
import type { WorldChange } from "./world-book.ts";

export interface InForce {
  readonly intent: Intent;
  readonly engine: PolicyEngine;
  readonly compiled: CompiledPolicies;
  /** Of the last transaction that changed policies. */
  readonly sinceMs: number;
}

export interface Force {
  readonly current: InForce | undefined;
  /** Puts another set of policies into the kernel. Throws a Fault "dataplane/..."; then what was in force still is. */
  put(intent: Intent, engine: PolicyEngine, nowMs: number): ApplyReport;
  /** The world, routes or guards changed under the policies in force. Throws as `put`; then the next call, even with nothing new, makes it good. */
  follow(change: WorldChange): void;
  /** A change of the world, or of what the settings are made from, did not reach the kernel yet. */
  readonly isBehind: boolean;
  /** Somebody else touched what is in the kernel: it counts as behind until it was written again. */
  distrust(): void;
  /** Writes what should be there again. Throws as `put`; then it is behind. */
  repair(): void;
  /** "" when the kernel has exactly what was written; else what differs. */
  readBack(elements: "all" | "counts"): string;
  /** Our table is gone afterwards, whoever wrote it. Throws as `put`. */
  withdraw(): void;
}

export interface ForceOptions {
  readonly dataplane: Dataplane;
  readonly settingsOf: (intent: Intent) => CompileSettings;
  readonly onApplied: (inForce: InForce) => void;
}

const differencesMax = 3;

export function createForce({ dataplane, settingsOf, onApplied }: ForceOptions): Force {
  let compiler: NftCompiler = createNftCompiler();
  let current: InForce | undefined;
  let isBehind = false;
  let settingsText = "";

  function compile(intent: Intent, engine: PolicyEngine, change?: { readonly endpoints: readonly string[] }) {
    const settings = settingsOf(intent);
    settingsText = textOf(settings);
    return change === undefined ? compiler.compile(engine, settings) : compiler.compile(engine, settings, change);
  }

  function become(next: InForce): ApplyReport {
    const report = dataplane.apply(next.compiled.ruleset);
    current = next;
    isBehind = false;
    onApplied(next);
    return report;
  }

  return {
    get current() {
      return current;
    },
    get isBehind() {
      return current !== undefined && (isBehind || textOf(settingsOf(current.intent)) !== settingsText);
    },
    put(intent, engine, nowMs) {
      try {
        return become({ intent, engine, compiled: compile(intent, engine), sinceMs: nowMs });
      } catch (error) {
        // It has seen a world that is not in the kernel: the next one begins anew.
        compiler = createNftCompiler();
        throw error;
      }
    },
    follow(change) {
      if (current === undefined) return;
      const { intent, engine } = current;
      const { put, remove, rest } = change;
      if (put.length + remove.length > 0) engine.change({ put, remove });
      if (Object.keys(rest).length > 0) engine.setWorld(rest);
      const endpoints = [...put.map(({ id }) => id), ...remove];
      const isWhole = isBehind || isForAll(change, engine.set);
      isBehind = true;
      const compiled = compile(intent, engine, isWhole ? undefined : { endpoints });
      become({ ...current, compiled });
    },
    distrust() {
      isBehind = true;
    },
    repair() {
      isBehind = true;
      if (current !== undefined) become(current);
    },
    readBack(elements) {
      if (current === undefined) return "nothing was written";
      const { isThere, differences } = dataplane.readBack(current.compiled.ruleset, { elements: elements === "all" });
      if (!isThere) return "our table is not there";
      const more = differences.length > differencesMax ? ` and ${differences.length - differencesMax} more` : "";
      return `${differences.slice(0, differencesMax).join("; ")}${more}`;
    },
    withdraw() {
      dataplane.remove();
      current = undefined;
      isBehind = false;
      compiler = createNftCompiler();
    },
  };
}

/** Whether more changed under these policies than endpoints. */
function isForAll({ rest, services }: WorldChange, set: PolicySet): boolean {
  const { services: _services, ...others } = rest;
  if (Object.keys(others).length > 0) return true;
  const named = namedServices(set);
  return services.some((name) => named.has(name));
}

const namesOfSets = new WeakMap<PolicySet, ReadonlySet<string>>();

/** Services that some rule names, as "namespace/name": all others change nothing in the kernel. */
function namedServices(set: PolicySet): ReadonlySet<string> {
  const known = namesOfSets.get(set);
  if (known !== undefined) return known;
  const rules = [...set.policies, ...set.profiles].flatMap(({ ingress, egress }) => [...ingress, ...egress]);
  const ends = rules.flatMap(({ source, destination }) => [source, destination]);
  const found = new Set(
    ends.flatMap(({ service }) => (service === undefined ? [] : `${service.namespace}/${service.name}`)),
  );
  namesOfSets.set(set, found);
  return found;
}

/** Endpoints come and go by `change`; everything else of the settings is compared. */
function textOf({ local: _local, ...rest }: CompileSettings): string {
  return JSON.stringify(rest);
}
