// What happens when a part of a rule matches: captures, setvar, ctl, collections that are opened.
import type { OperatorHit } from "../operators/operator.ts";
import type { CompiledAssignment, CompiledControl, CompiledPart, CompiledRule } from "./compiled.ts";
import { addBits } from "./exclusions.ts";
import { expandMacro } from "./macro.ts";
import { reachLimit } from "./over-limit.ts";
import type { PersistentRecord, PersistentStore } from "./persistent.ts";
import { persistentLimits } from "./persistent.ts";
import type { State } from "./state.ts";
import { changedValue, readVariable, variableLimits, wholeNumber, writeVariable } from "./variable-store.ts";

/** Points that a rule gave while it ran. */
export interface Points {
  inbound: number;
  outbound: number;
}

export interface ActionContext {
  readonly state: State;
  readonly persistent: PersistentStore;
  readonly points: Points;
}

export function setMatched(state: State, name: string, value: string): void {
  state.matchedName = name;
  state.matchedValue = value;
  state.matchedNames[state.matchedCount] = name;
  state.matchedValues[state.matchedCount] = value;
  state.matchedCount++;
}

/** TX:0 to TX:9: groups of this match; those that took no part are gone. Operators without groups leave them as they were. */
export function setCaptures(state: State, hit: OperatorHit): void {
  if (hit.captures.length === 0) return;
  const { slots } = state.store;
  for (let group = 0; group < 10; group++) slots[group] = hit.captures[group];
}

/** Actions of a part that do not wait for the rest of its chain. */
export function runActions(context: ActionContext, rule: CompiledRule, part: CompiledPart): void {
  for (const { collection, key } of part.collections)
    openCollection(context, collection, expandMacro(context.state, key));
  for (const assignment of part.assignments) assign(context, rule, part, assignment);
  for (const control of part.controls) runControl(context.state, control);
}

function assign(context: ActionContext, rule: CompiledRule, part: CompiledPart, assignment: CompiledAssignment): void {
  const { state, points } = context;
  if (assignment.collection !== "TX") {
    assignPersistent(state, assignment);
    return;
  }
  const { slot, change } = assignment;
  if (slot >= 0) {
    if (state.program.pinnedSlots[slot] === 1 && part.targets.length === 0 && rule.parts.length === 1) return;
    if (change === "unset") {
      state.store.slots[slot] = undefined;
      return;
    }
    const value = expandMacro(state, assignment.value);
    state.store.slots[slot] = changedValue(change, state.store.slots[slot], value);
    if (assignment.score !== "" && change === "add") points[assignment.score] += wholeNumber(value);
    return;
  }
  const name = expandMacro(state, assignment.key).toLowerCase();
  const { names } = state.compiled;
  if (change === "unset") writeVariable(state.store, names, name, undefined);
  else {
    const value = expandMacro(state, assignment.value);
    writeVariable(state.store, names, name, changedValue(change, readVariable(state.store, names, name), value));
    if (state.store.isOverLimit) reachLimit(state, overVariables);
  }
}

const overVariables = `values that rules made: over ${variableLimits.madeNamesMax} names or ${variableLimits.valueBytesMax} bytes`;

function openCollection(context: ActionContext, collection: string, key: string): void {
  const { state } = context;
  state.persistent ??= new Map<string, PersistentRecord>();
  state.persistent.set(collection, context.persistent.open(collection, key, state.clocks.nowMs()));
  // SESSIONID and USERID: the key as the rule gave it.
  if (collection === "SESSION" || collection === "USER")
    state.persistent.set(`${collection}ID`, { values: new Map([["", key]]), lastMs: 0 });
}

function assignPersistent(state: State, assignment: CompiledAssignment): void {
  // setenv: of this transaction, never of this process.
  if (assignment.collection === "ENV" && state.persistent?.has("ENV") !== true) {
    state.persistent ??= new Map<string, PersistentRecord>();
    state.persistent.set("ENV", { values: new Map(), lastMs: 0 });
  }
  const record = state.persistent?.get(assignment.collection);
  if (record === undefined) return;
  const name = expandMacro(state, assignment.key).toLowerCase();
  if (assignment.change === "unset") {
    record.values.delete(name);
    return;
  }
  if (!record.values.has(name) && record.values.size >= persistentLimits.variablesMax) return;
  const value = changedValue(assignment.change, record.values.get(name), expandMacro(state, assignment.value));
  record.values.set(name, value.slice(0, persistentLimits.valueBytesMax));
}

function runControl(state: State, control: CompiledControl): void {
  switch (control.kind) {
    case "ruleEngine":
      state.engineMode = control.value;
      return;
    case "auditEngine":
      state.isAuditOff = control.value.toLowerCase() === "off";
      return;
    case "auditLogParts":
      return;
    case "requestBodyProcessor":
      state.body.processor = control.value;
      return;
    case "requestBodyAccess":
      state.isRequestBodyWanted = control.value;
      return;
    case "responseBodyAccess":
      state.isResponseBodyWanted = control.value;
      return;
    case "forceRequestBodyVariable":
      state.body.isForced = control.value;
      return;
    case "removeRules":
      state.removed ??= new Uint32Array(state.compiled.ruleWords);
      addBits(state.removed, control.rules);
      return;
    case "removeTargets":
      state.exclusions ??= { targets: [] };
      for (const target of control.targets) state.exclusions.targets.push({ rules: control.rules, target });
      return;
  }
}
