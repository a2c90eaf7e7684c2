// The one door: a rule set in, an engine out that many transactions share. Nothing here does I/O; clocks, ids and hashes come in.
import { createPrefilter } from "../scan/create-prefilter.ts";
import type { Prefilter } from "../scan/prefilter.ts";
import { defaultBudget } from "./budget.ts";
import { compileRules } from "./compile.ts";
import { createStatePool } from "./create-state.ts";
import type { Compiled } from "./compiled.ts";
import type { TransactionPolicy, WafEngine, WafEngineOptions } from "./engine.ts";
import { createJudge } from "./judge.ts";
import { createMacroCache } from "./macro.ts";
import { createOutcomeMemo } from "./outcome-memo.ts";
import { createPersistentStore } from "./persistent.ts";
import { createPolicyProgram, type PolicyProgram } from "./policy-program.ts";
import { createShapes } from "./shape.ts";
import { createTransaction } from "./transaction.ts";

export const engineLimits = {
  /** Values remembered, each for one kind of place in requests. */
  memoEntriesMax: 40_000,
  /** The first transactions of an engine that was not warmed meet patterns that are not ready: their time is this much wider. */
  coldTransactions: 1000,
  coldFactor: 20,
} as const;

export function createWafEngine(options: WafEngineOptions): WafEngine {
  const compiled = compileRules(options);
  const prefilter = prefilterOf(compiled, options);
  const shapes = createShapes(compiled);
  const judge = createJudge({
    compiled,
    prefilter,
    memoEntriesMax: options.memoEntriesMax ?? engineLimits.memoEntriesMax,
    isPrefiltered: options.isPrefiltered ?? true,
  });
  const outcomes = createOutcomeMemo(options.memoEntriesMax !== 0 && options.isPlain !== true);
  const macros = createMacroCache();
  const clocks = { nowMs: options.nowMs, nowUs: options.nowUs };
  const pool = createStatePool(compiled, clocks);
  const persistent = createPersistentStore(options.ruleSet.settings.collectionTimeoutSeconds);
  const budget = options.budget ?? defaultBudget;
  const isSilentListed = options.isSilentListed ?? false;
  const isPlain = options.isPlain ?? false;
  const programs = new WeakMap<TransactionPolicy, PolicyProgram>();
  let transactions = 0;
  let budgetExceeded = 0;
  let warmed = 0;

  function programOf(policy: TransactionPolicy): PolicyProgram {
    let program = programs.get(policy);
    if (program === undefined)
      programs.set(policy, (program = createPolicyProgram(policy, compiled, shapes, isSilentListed)));
    return program;
  }

  return {
    ruleSet: options.ruleSet,
    problems: compiled.problems,
    tables: { digest: digestOf(options), prefilter: prefilter.tables },
    begin: (policy) => {
      transactions++;
      const given = policy.budget ?? budget;
      const isCold = warmed < compiled.pureParts.length && transactions <= engineLimits.coldTransactions;
      const limit = isCold ? { ...given, usMax: given.usMax * engineLimits.coldFactor } : given;
      const state = pool.take(programOf(policy), options.uniqueId(), limit);
      state.startedUs = clocks.nowUs();
      return createTransaction({
        state,
        judge: isPlain ? undefined : judge,
        persistent,
        isSilentListed,
        macros,
        outcomes,
        done: (finished) => {
          if (finished.isOverBudget) budgetExceeded++;
          pool.give(finished);
        },
      });
    },
    get figures() {
      const { memoEntries, memoHits, patternsRun, patternsSkipped } = judge.figures;
      return { transactions, memoEntries, memoHits, patternsRun, patternsSkipped, budgetExceeded };
    },
    warm: (partsMax = compiled.pureParts.length) => {
      const until = Math.min(compiled.pureParts.length, warmed + partsMax);
      // V8 interprets a pattern's first run and compiles it at the second.
      for (; warmed < until; warmed++) for (let round = 0; round < 2; round++) judge.test(warmed, "warm");
      return warmed === compiled.pureParts.length;
    },
    emptyMemo: () => {
      judge.emptyMemo();
      outcomes.clear();
    },
  };
}

/** Engines whose anchors mean something else have tables of their own. */
function digestOf({ ruleSet, isMultiline }: WafEngineOptions): string {
  return isMultiline === true ? `${ruleSet.digest} multiline` : ruleSet.digest;
}

/** Clauses are worked out only where no other thread did it. */
function prefilterOf({ pureParts }: Compiled, options: WafEngineOptions): Prefilter {
  const { tables } = options;
  if (tables !== undefined && tables.digest === digestOf(options)) {
    const prefilter = createPrefilter([], tables.prefilter);
    if (prefilter.size === pureParts.length) return prefilter;
  }
  return createPrefilter(pureParts.map((part) => part.clauses));
}
