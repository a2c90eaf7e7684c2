// From files, or from what another thread read, to a rule set in force. Whoever asks keeps the old one until this has returned.
import { createHash, randomUUID } from "node:crypto";
import { Fault } from "../../../base/fault.ts";
import { createWafEngine } from "../../../core/waf/engine/create-engine.ts";
import { createThreadClock } from "../../../core/waf/engine/thread-clock.ts";
import { warmUp } from "../../../core/waf/engine/warm-up.ts";
import type { EngineTables } from "../../../core/waf/engine/engine.ts";
import { baseFileName } from "../../../core/waf/http/base-directives.ts";
import { withBase } from "../../../core/waf/http/with-base.ts";
import type { WafPolicyProblem } from "../../../core/waf/policy/named.ts";
import type { WafProblem } from "../../../core/waf/position.ts";
import type { RuleFile, RuleFiles } from "../../../core/waf/seclang/parsed.ts";
import type { WafHashes } from "../../../core/waf/transform/transformation.ts";
import { openRules } from "../../../edge/rules/rule-folder.ts";
import type { ServedRules } from "../engine-inspector.ts";
import { compilePolicies, policyOfFlags, type PolicyOrder } from "./compile-policies.ts";
import { recordFiles, replayFiles, type RulePackage } from "./rule-package.ts";

export interface LoadOrder {
  /** Rises with each: the newest that was loaded is in force. */
  readonly number: number;
  /** Folders and files, in order. */
  readonly paths: readonly string[];
  /** What another thread read of them; absent: they are read. */
  readonly package?: RulePackage | undefined;
  readonly policies: PolicyOrder;
  /** What is in force, when the files are read again: a folder that lost its rules must not replace it. */
  readonly inForce?: { readonly rules: number; readonly source: string } | undefined;
  /** What another thread's engine over the very same order built. */
  readonly tables?: EngineTables | undefined;
}

export interface LoadedRules {
  readonly served: ServedRules;
  readonly package: RulePackage;
  readonly problems: readonly WafProblem[];
  readonly policyProblems: readonly WafPolicyProblem[];
  /** When a policy must be looked at again, since something in it ends. */
  readonly nextChangeMs: number | undefined;
  readonly rules: number;
  /** What was found: "crs4 4.28.0". */
  readonly source: string;
}

/** Throws a Fault when there is nothing to serve: "rules/not-found", "rules/empty", "gateway/no-rules". */
export function loadRules(order: LoadOrder): LoadedRules {
  const read = order.package === undefined ? readPaths(order.paths) : fromPackage(order.package);
  const recorded = recordFiles(read.reader);
  const compiled = compilePolicies(order.policies, { files: read.files, reader: recorded.reader });
  const { ruleSet } = compiled.parsed;
  // The base directives alone judge nothing.
  const rules = ruleSet.items.filter((item) => item.kind === "rule" && item.head.position.file !== baseFileName).length;
  if (rules === 0) {
    throw new Fault(`no rule could be read from ${order.paths.join(", ")}`, {
      code: "gateway/no-rules",
      kind: "usage",
      hint: "`garrison waf lint` says what is wrong with each line",
    });
  }
  refuseLoss(order, { rules, source: sourceOf(read) });
  const engine = createWafEngine({
    ruleSet,
    hashes,
    nowMs: Date.now,
    nowUs: createThreadClock(clocks),
    uniqueId: randomUUID,
    isMultiline: order.policies.flags.isMultiline ?? false,
    ...(order.tables === undefined ? {} : { tables: order.tables }),
  });
  warmUp(engine, { ...policyOfFlags(order.policies.flags), paranoia: 2, detectionParanoia: 2, responseBodies: true });
  const { files, kind, version } = read;
  return {
    served: { engine, digest: ruleSet.digest, policyFor: compiled.policyFor },
    package: { files, kind, version, ...recorded.take() },
    problems: [...read.problems, ...compiled.parsed.problems, ...engine.problems],
    policyProblems: compiled.problems,
    nextChangeMs: compiled.nextChangeMs,
    rules,
    source: sourceOf(read),
  };
}

function sourceOf({ kind, version }: Pick<ReadRules, "kind" | "version">): string {
  return [kind, version].filter((word) => word !== "").join(" ");
}

/** Somebody moved the folder's rules away, or is still writing them: a person who means it starts the gateway anew. */
function refuseLoss(
  { paths, inForce }: LoadOrder,
  { rules, source }: { readonly rules: number; readonly source: string },
): void {
  if (inForce === undefined) return;
  const isSet = (text: string): boolean => text.startsWith("crs");
  const hasLostSet = isSet(inForce.source) && !isSet(source);
  if (!hasLostSet && rules >= inForce.rules * keptShareMin) return;
  throw new Fault(
    `${paths.join(", ")} lost ${hasLostSet ? `its ${inForce.source}` : "most of its rules"}: ${rules} of ${inForce.rules} rules are left`,
    { code: "gateway/rules-lost", kind: "usage", hint: "start the gateway anew when this is meant" },
  );
}

/** Of the rules in force, how many a new set of the same files has at least. */
const keptShareMin = 0.2;

interface ReadRules {
  readonly files: readonly RuleFile[];
  readonly reader: RuleFiles;
  readonly problems: readonly WafProblem[];
  readonly kind: string;
  readonly version: string;
}

function readPaths(paths: readonly string[]): ReadRules {
  const opened = openRules(paths);
  return { ...opened, files: withBase(opened.files) };
}

function fromPackage(given: RulePackage): ReadRules {
  return { ...given, reader: replayFiles(given), problems: [] };
}

const clocks = {
  cpuUs() {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  },
  wallUs: () => performance.now() * 1000,
};

const hashes: WafHashes = { sha1: (bytes) => digest("sha1", bytes), md5: (bytes) => digest("md5", bytes) };

function digest(name: "sha1" | "md5", bytes: string): string {
  return createHash(name).update(bytes, "latin1").digest("latin1");
}
