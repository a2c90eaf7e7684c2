// States are made once and used again: a request allocates next to nothing of its own. How many are kept is bounded.
import type { Compiled } from "./compiled.ts";
import type { WafBudget } from "./engine.ts";
import type { PolicyProgram } from "./policy-program.ts";
import { sourceNames } from "./sources.ts";
import type { BodyFacts, Clocks, State } from "./state.ts";
import { createVariableStore } from "./variable-store.ts";

export const poolLimits = { statesMax: 256, valuesKept: 4096 } as const;

export interface StatePool {
  take(program: PolicyProgram, id: string, budget: WafBudget): State;
  /** The state must not be used any more. */
  give(state: State): void;
}

export function createStatePool(compiled: Compiled, clocks: Clocks): StatePool {
  const spare: State[] = [];
  return {
    take: (program, id, budget) => {
      const state = spare.pop() ?? createState(compiled, clocks, program, budget);
      begin(state, program, id, budget);
      return state;
    },
    give: (state) => {
      if (spare.length >= poolLimits.statesMax || state.valueCount > poolLimits.valuesKept) return;
      clear(state);
      spare.push(state);
    },
  };
}

function begin(state: State, program: PolicyProgram, id: string, budget: WafBudget): void {
  state.program = program;
  state.policy = program.policy;
  state.id = id;
  state.budget = budget;
  state.store = createVariableStore(program.initial);
  if (program.made.length > 0) state.store.made = new Map(program.made);
  state.body = freshBody();
  const { settings } = state.compiled.ruleSet;
  state.engineMode = program.policy.mode === "off" ? "off" : "on";
  state.isRequestBodyWanted = settings.requestBodyAccess;
  state.isResponseBodyWanted = settings.responseBodyAccess && program.policy.responseBodies;
  // Reports keep these lists: they are never used again.
  state.rules = [];
  state.secrets = [];
  state.notInspected = [];
}

function freshBody(): BodyFacts {
  return {
    processor: "",
    isForced: false,
    error: "",
    bytes: 0,
    isOverLimit: false,
    isResponseOverLimit: false,
    flags: noFlags,
    argumentsBytes: 0,
    filesBytes: 0,
    isUrlBroken: false,
    secretTexts: [],
  };
}

const noFlags: Readonly<Record<string, number>> = {};

function clear(state: State): void {
  // What a request held does not stay in memory until the next one.
  for (let value = 0; value < state.valueCount; value++) state.valueKey[value] = state.valueText[value] = "";
  state.valueCount = 0;
  state.sourceHead.fill(-1);
  state.sourceTail.fill(-1);
  for (const entry of state.touchedParts) state.partHead[entry] = state.partTail[entry] = -1;
  state.touchedParts.length = 0;
  state.hitCount = 0;
  state.pending.fill(0);
  state.removed = undefined;
  state.exclusions = undefined;
  state.persistent = undefined;
  state.matchedName = "";
  state.matchedValue = "";
  state.matchedNames.fill("");
  state.matchedValues.fill("");
  state.matchedCount = 0;
  state.highestSeverity = 255;
  state.ruleIndex = -1;
  state.phase = 0;
  state.isAuditOff = false;
  state.allowed = "";
  state.interruption = undefined;
  state.overLimit = "";
  state.isBodyAskExcluded = false;
  state.rulesOmitted = 0;
  state.budgetBytes = 0;
  state.budgetSteps = 0;
  state.spentUs = 0;
  state.isOverBudget = false;
  state.requestBytes = 0;
  state.responseBytes = 0;
}

function createState(compiled: Compiled, clocks: Clocks, program: PolicyProgram, budget: WafBudget): State {
  const parts = compiled.pureParts.length;
  return {
    compiled,
    clocks,
    program,
    policy: program.policy,
    id: "",
    startedUs: 0,
    phase: 0,
    store: createVariableStore([]),
    connection: nowhere,
    body: freshBody(),
    valueCount: 0,
    valueSource: [],
    valueKey: [],
    valueText: [],
    valueNext: [],
    sourceHead: new Int32Array(sourceNames.length).fill(-1),
    sourceTail: new Int32Array(sourceNames.length).fill(-1),
    partHead: new Int32Array(parts).fill(-1),
    partTail: new Int32Array(parts).fill(-1),
    hitCount: 0,
    hitValue: [],
    hitNext: [],
    touchedParts: [],
    pending: new Uint32Array(compiled.ruleWords),
    removed: undefined,
    exclusions: undefined,
    matchedName: "",
    matchedValue: "",
    matchedCount: 0,
    matchedNames: [],
    matchedValues: [],
    highestSeverity: 255,
    ruleIndex: -1,
    persistent: undefined,
    engineMode: "on",
    isAuditOff: false,
    isRequestBodyWanted: false,
    isResponseBodyWanted: false,
    allowed: "",
    interruption: undefined,
    rules: [],
    secrets: [],
    rulesOmitted: 0,
    notInspected: [],
    overLimit: "",
    isBodyAskExcluded: false,
    budget,
    budgetBytes: 0,
    budgetSteps: 0,
    spentUs: 0,
    enteredUs: 0,
    isOverBudget: false,
    requestBytes: 0,
    responseBytes: 0,
  };
}

const nowhere = { clientAddress: "", clientPort: 0, serverAddress: "", serverPort: 0 } as const;
