// What the set-up rules of a rule set come to under one policy, worked out once instead of in each request: rules that ask only about TX values which are known are decided here,
// what they set stands in TX from the start, and rules behind a gate that is shut are not run at all. Sound: a rule is folded only when no running rule before it could tell the difference.
import type { Compiled, CompiledPart, CompiledRule } from "./compiled.ts";
import { addBits, hasBit } from "./exclusions.ts";
import type { Macro } from "./macro.ts";
import { changedValue } from "./variable-store.ts";

export interface FoldOptions {
  readonly compiled: Compiled;
  /** Rules of layers that the policy does not name are not there for it. */
  readonly allowed: readonly boolean[];
  readonly initial: readonly (string | undefined)[];
  readonly pinnedSlots: Uint8Array;
  /** Rules that match without being logged are listed, too: then nothing that matches is folded. */
  readonly isSilentListed: boolean;
}

export interface Folded {
  readonly active: Uint32Array;
  readonly initial: readonly (string | undefined)[];
}

interface Walk {
  readonly options: FoldOptions;
  readonly compiled: Compiled;
  readonly values: (string | undefined)[];
  /** A running rule may have written it: its value is not known. */
  readonly isUnknown: Uint8Array;
  /** A running rule may have read or written it before this place. */
  readonly isTouched: Uint8Array;
  /** A running rule may take it away. */
  readonly isRemovable: Uint32Array;
}

export function foldRules(options: FoldOptions): Folded {
  const { compiled } = options;
  const walk: Walk = {
    options,
    compiled,
    values: [...options.initial],
    isUnknown: new Uint8Array(options.initial.length),
    isTouched: new Uint8Array(options.initial.length),
    isRemovable: new Uint32Array(compiled.ruleWords),
  };
  const active = new Uint32Array(compiled.ruleWords);
  for (const places of compiled.phases) foldPhase(walk, places, active);
  return { active, initial: walk.values };
}

function foldPhase(walk: Walk, places: readonly number[], active: Uint32Array): void {
  // Places that control may reach: 1 for sure, 2 perhaps.
  const reach = new Map<number, 1 | 2>();
  const first = places[0];
  if (first !== undefined) reach.set(first, 1);
  for (const [order, index] of places.entries()) {
    const reached = reach.get(index);
    if (reached === undefined) continue;
    const rule = walk.compiled.rules[index]!;
    const next = places[order + 1];
    const target = places.find((place) => place >= rule.skipTo && place > index);
    const verdict = walk.options.allowed[index] === true ? decide(walk, rule, reached) : false;
    if (verdict === undefined) {
      active[index >>> 5]! |= 1 << (index & 31);
      touch(walk, rule);
    }
    // A running rule with a jump leaves it open which way is taken.
    const isOpen = verdict === undefined && rule.skipTo >= 0;
    if (verdict !== true || rule.skipTo < 0) lead(reach, next, isOpen ? 2 : reached);
    if (verdict !== false && rule.skipTo >= 0) lead(reach, target, isOpen ? 2 : reached);
  }
}

/** Where ways meet, it is left open by which one the place was reached. */
function lead(reach: Map<number, 1 | 2>, place: number | undefined, how: 1 | 2): void {
  if (place !== undefined) reach.set(place, reach.has(place) ? 2 : how);
}

/** true, false: what the rule comes to, with its effects done; undefined: it must run. */
function decide(walk: Walk, rule: CompiledRule, reached: 1 | 2): boolean | undefined {
  const verdict = isPlainSetter(rule) ? true : judgeAll(walk, rule.parts);
  if (verdict !== true) return verdict;
  const { rule: source } = rule;
  const isQuiet = !source.isLogged && ["none", "pass"].includes(source.disruptive) && !walk.options.isSilentListed;
  if (!isQuiet) return undefined;
  const assignments = rule.parts.flatMap((part) => part.assignments);
  const hasOther = rule.parts.some((part) => part.controls.length > 0 || part.collections.length > 0 || part.isCapture);
  if (hasOther) return undefined;
  if (assignments.length > 0 && (reached !== 1 || hasBit(walk.isRemovable, rule.index))) return undefined;
  return apply(walk, rule) ? true : undefined;
}

function isPlainSetter(rule: CompiledRule): boolean {
  return (
    rule.parts.length === 1 &&
    rule.rule.head.operator.name === "unconditionalmatch" &&
    !rule.rule.head.operator.isNegated
  );
}

/** false only where no part before the one that fails does something by itself. */
function judgeAll(walk: Walk, parts: readonly CompiledPart[]): boolean | undefined {
  let hasEffects = false;
  for (const part of parts) {
    const verdict = judgePart(walk, part);
    if (verdict === false && !hasEffects) return false;
    if (verdict !== true) return undefined;
    hasEffects ||= part.hasEffects;
  }
  return true;
}

/** Parts that ask one TX variable by its name, or whether it is there. */
function judgePart(walk: Walk, part: CompiledPart): boolean | undefined {
  const [target] = part.targets;
  if (target === undefined || part.targets.length !== 1 || part.isMultiMatch || target.without.length > 0)
    return undefined;
  const { selector } = target;
  if (selector.name !== "TX" || selector.select !== "key") return undefined;
  const slot = walk.compiled.names.slots.get(selector.argument);
  if (slot === undefined || slot < 10 || walk.isUnknown[slot] === 1) return undefined;
  const value = walk.values[slot];
  if (!selector.isCount && value === undefined) return false;
  let text = selector.isCount ? (value === undefined ? "0" : "1") : (value ?? "");
  for (const transformation of part.transformations) text = transformation.apply(text);
  let isKnown = true;
  const hit = part.operator.evaluate(text, {
    expand: (argument) => {
      const expanded = expandKnown(walk, argument);
      if (expanded === undefined) isKnown = false;
      return expanded ?? "";
    },
  });
  if (!isKnown) return undefined;
  return (hit !== undefined) !== part.isNegated;
}

function expandKnown(walk: Walk, argument: string): string | undefined {
  let isKnown = true;
  const text = argument.replaceAll(/%\{([^}]*)\}/g, (_whole, inside: string) => {
    const name = /^tx[.:](.*)$/i.exec(inside)?.[1]?.toLowerCase();
    const slot = name === undefined ? undefined : walk.compiled.names.slots.get(name);
    if (slot === undefined || walk.isUnknown[slot] === 1) isKnown = false;
    return slot === undefined ? "" : (walk.values[slot] ?? "");
  });
  return isKnown ? text : undefined;
}

/** Does a rule's assignments; false: they cannot be done ahead. */
function apply(walk: Walk, rule: CompiledRule): boolean {
  const assignments = rule.parts.flatMap((part) => part.assignments);
  const done: [number, string | undefined][] = [];
  const valueOf = (slot: number): string | undefined => {
    const before = done.findLast(([other]) => other === slot);
    return before === undefined ? walk.values[slot] : before[1];
  };
  for (const assignment of assignments) {
    const { slot } = assignment;
    if (assignment.collection !== "TX" || slot < 10 || (assignment.score !== "" && assignment.change !== "set"))
      return false;
    if (walk.isTouched[slot] === 1 || walk.isUnknown[slot] === 1) return false;
    if (walk.options.pinnedSlots[slot] === 1 && isPlainSetter(rule)) continue;
    const value = macroValue(walk, assignment.value, valueOf);
    if (value === undefined) return false;
    done.push([
      slot,
      assignment.change === "unset" ? undefined : changedValue(assignment.change, valueOf(slot), value),
    ]);
  }
  for (const [slot, value] of done) walk.values[slot] = value;
  return true;
}

function macroValue(walk: Walk, macro: Macro, valueOf: (slot: number) => string | undefined): string | undefined {
  if (macro.constant !== undefined) return macro.constant;
  if (macro.reads.length !== 1 || macro.parts.length !== 1) return undefined;
  const slot = walk.compiled.names.slots.get(macro.reads[0]!);
  if (slot === undefined || slot < 10 || walk.isUnknown[slot] === 1) return undefined;
  return valueOf(slot) ?? "";
}

/** A rule that runs: what it may write is not known from here on, what it may read or write is not set ahead any more. */
function touch(walk: Walk, rule: CompiledRule): void {
  const { slots, names } = walk.compiled.names;
  const mark = (list: Uint8Array, name: string): void => {
    const slot = slots.get(name);
    if (slot !== undefined) list[slot] = 1;
  };
  const macros: Macro[] = [rule.redirect];
  for (const part of rule.parts) {
    for (const { selector } of part.targets) {
      if (selector.name !== "TX") continue;
      if (selector.select === "key") mark(walk.isTouched, selector.argument);
      else for (const slot of walk.compiled.slotsOf(selector)) walk.isTouched[slot] = 1;
    }
    for (const found of part.source.operator.argument.matchAll(/%\{tx[.:]([^}]*)\}/gi))
      mark(walk.isTouched, found[1]!.toLowerCase());
    for (const control of part.controls) if (control.kind === "removeRules") addBits(walk.isRemovable, control.rules);
    macros.push(part.logData, part.message, ...part.collections.map(({ key }) => key));
    for (const assignment of part.assignments) {
      macros.push(assignment.key, assignment.value);
      if (assignment.collection !== "TX") continue;
      if (assignment.slot >= 0) walk.isUnknown[assignment.slot] = walk.isTouched[assignment.slot] = 1;
      else markMade(walk, assignment.key, names);
    }
  }
  for (const macro of macros) for (const name of macro.reads) mark(walk.isTouched, name);
}

/** A name that is made while running may be any that begins as it does. */
function markMade(walk: Walk, key: Macro, names: readonly string[]): void {
  const [first] = key.parts;
  const prefix = typeof first === "string" ? first.toLowerCase() : "";
  for (const [slot, name] of names.entries()) {
    if (name.startsWith(prefix)) walk.isUnknown[slot] = walk.isTouched[slot] = 1;
  }
}
