// What is still caught after a change, tried in a thread of its own: building an engine takes a second, and the server has others to answer.
import { createHash, randomUUID } from "node:crypto";
import { Fault, toFault } from "../../../base/fault.ts";
import { attacks } from "../../../core/waf/corpus/attacks.ts";
import { type AttackPlace, type ChangeProof, proveChange } from "../../../core/waf/corpus/prove-change.ts";
import { createWafEngine } from "../../../core/waf/engine/create-engine.ts";
import { withBase } from "../../../core/waf/http/with-base.ts";
import { compileWafPolicies, withExclusions } from "../../../core/waf/policy/compile-policies.ts";
import type { NamedWafFloor, NamedWafPolicy } from "../../../core/waf/policy/named.ts";
import { openRuleFolder } from "../../../edge/rules/rule-folder.ts";
import { askWorker } from "../ask-worker.ts";
import type { WafExclusion } from "../../../model/waf-policy.ts";

/** Plain data: it crosses to another thread. */
export interface ProofOrder {
  readonly folder: string;
  readonly policy: NamedWafPolicy;
  readonly floor: NamedWafFloor | undefined;
  readonly exclusions: readonly WafExclusion[];
  /** Where the exclusions apply. */
  readonly places: readonly AttackPlace[];
  readonly nowMs: number;
}

export interface Proved {
  readonly proof: ChangeProof;
  /** Exclusions that are not taken as they stand, in words. */
  readonly problems: readonly string[];
  /** "crs4 4.29.0". */
  readonly rules: string;
}

const limits = {
  /** Proofs at one time; more are asked to come again. */
  atOnceMax: 1,
  waitMsMax: 60_000,
  oldSpaceMegabytesMax: 512,
} as const;

/** Throws Faults of the rules' folder. Pure but for reading it. */
export function prove({ folder, policy, floor, exclusions, places, nowMs }: ProofOrder): Proved {
  const opened = openRuleFolder(folder);
  const base = { files: withBase(opened.files), reader: opened.reader };
  const compiled = compileWafPolicies({ policies: [policy], floor, base, nowMs });
  const { ruleSet } = compiled.parsed;
  const before = compiled.inForce.get(`${policy.scope} ${policy.name}`);
  if (before === undefined)
    throw new Fault(`policy ${policy.name} cannot be read: ${compiled.problems[0]?.message ?? "its target"}`, {
      code: "waf/bad-policy",
      kind: "usage",
    });
  const hash = (name: string) => (bytes: string) =>
    createHash(name).update(Buffer.from(bytes, "latin1")).digest("latin1");
  const engine = createWafEngine({
    ruleSet,
    hashes: { sha1: hash("sha1"), md5: hash("md5") },
    nowMs: () => nowMs,
    nowUs: () => Math.round(performance.now() * 1000),
    uniqueId: randomUUID,
    // The clock of a busy machine must not decide what is caught.
    budget: { usMax: Number.MAX_SAFE_INTEGER, bytesMax: Number.MAX_SAFE_INTEGER, onExceeded: "pass" },
  });
  const { budget: _, ...unhurried } = before;
  const after = withExclusions(unhurried, exclusions, { ruleSet, nowMs });
  return {
    proof: proveChange(engine, { attacks, before: unhurried, after: after.policy, places }),
    problems: after.problems.map(({ message }) => message),
    rules: `${opened.kind} ${opened.version}`.trim(),
  };
}

let running = 0;

/** `prove` in a worker. Throws Fault "waf/busy" while another one runs, and what `prove` throws. */
export async function proveApart(order: ProofOrder): Promise<Proved> {
  if (running >= limits.atOnceMax)
    throw new Fault("another proof is being made", {
      code: "waf/busy",
      kind: "unavailable",
      hint: "Ask again in a few seconds.",
      retryAfterMs: 3000,
    });
  running += 1;
  try {
    return await askWorker<ProofAnswer, Proved>({
      url: new URL("proof.worker.ts", import.meta.url),
      data: order,
      oldSpaceMegabytesMax: limits.oldSpaceMegabytesMax,
      signal: AbortSignal.timeout(limits.waitMsMax),
      answerOf(answer) {
        if ("proved" in answer) return { answer: answer.proved };
        throw new Fault(answer.message, { code: answer.code, kind: "usage" });
      },
      endedBecause: (cause) =>
        cause === undefined
          ? new Fault("the proof took too long", { code: "waf/proof-ended", kind: "unavailable" })
          : toFault(cause),
    });
  } finally {
    running -= 1;
  }
}

export type ProofAnswer = { readonly proved: Proved } | { readonly code: string; readonly message: string };
