// A rule set compiled once: closures and tables, never text that runs. What cannot be compiled is a problem with its place; the rest works.
import type { WafProblem } from "../position.ts";
import type { ControlAction, IdRange, Rule, RuleSet } from "../seclang/rule-set.ts";
import type { WafHashes } from "../transform/transformation.ts";
import { compilePart, type PartContext } from "./compile-part.ts";
import type { Compiled, CompiledControl, CompiledPart, CompiledRule } from "./compiled.ts";
import { compileMacro } from "./macro.ts";
import { fixedText } from "../seclang/macro.ts";
import { namePattern } from "../seclang/names-match.ts";
import { selectorOf, type Selector } from "./selectors.ts";
import { pinnedNames } from "./pinned.ts";

export interface CompileOptions {
  readonly ruleSet: RuleSet;
  readonly hashes: WafHashes;
  readonly isMultiline?: boolean;
}

export function compileRules(options: CompileOptions): Compiled {
  const { ruleSet } = options;
  const rules = ruleSet.items.filter((item): item is Rule => item.kind === "rule");
  const problems: WafProblem[] = [];
  const words = Math.max(1, (rules.length + 31) >>> 5);
  const lookUps = createLookUps(rules, words);
  const { names, slots, slotOf } = createSlots();
  const pureParts: CompiledPart[] = [];
  let pures = 0;
  const compiled = rules.map((rule, index): CompiledRule => {
    const context: PartContext = {
      ruleSet,
      hashes: options.hashes,
      ruleId: rule.id,
      isMultiline: options.isMultiline === true,
      slotOf,
      nextPure: () => pures++,
      controlOf: (control) => compileControl(control, lookUps),
      report: (problem) => problems.push(problem),
    };
    const made = compileRule(rule, index, context);
    for (const part of made.parts) if (part.pure >= 0) pureParts[part.pure] = part;
    return made;
  });
  const jumps = skipTargets(ruleSet, compiled, problems);
  const withJumps = compiled.map((rule, index) => ({ ...rule, skipTo: jumps[index]! }));
  const phases = [1, 2, 3, 4, 5].map((phase) => rules.flatMap((rule, index) => (rule.phase === phase ? [index] : [])));
  return {
    ruleSet,
    problems,
    rules: withJumps,
    phases: [[], ...phases],
    phaseBits: [new Uint32Array(words), ...phases.map((places) => bitsOf(places, words))],
    ruleWords: words,
    pureParts,
    ...ownersOf(withJumps, pureParts.length),
    names: { names, slots },
    ...transactionNames(names),
    rulesByTag: lookUps.byTag,
    rulesByRange: lookUps.byRange,
    asks: {
      bodyError: asking(rules, words, ["REQBODY_ERROR", "REQBODY_PROCESSOR_ERROR"]),
      multipartError: asking(rules, words, ["MULTIPART_STRICT_ERROR"]),
    },
  };
}

/** Slots of TX names: captures first, then what policies say, then as rules spell them out. */
function createSlots() {
  const names: string[] = [];
  const slots = new Map<string, number>();
  const slotOf = (name: string): number => {
    const known = slots.get(name);
    if (known !== undefined) return known;
    slots.set(name, names.length);
    names.push(name);
    return names.length - 1;
  };
  for (let capture = 0; capture < 10; capture++) slotOf(String(capture));
  for (const name of pinnedNames) slotOf(name);
  return { names, slots, slotOf };
}

function compileRule(rule: Rule, index: number, context: PartContext): CompiledRule {
  const parts = [rule.head, ...rule.links].map((part) => {
    for (const variable of part.variables) {
      if (variable.name === "TX" && variable.select === "key") context.slotOf(variable.argument);
    }
    return compilePart(part, context);
  });
  const needs = needsOf(parts);
  return {
    index,
    phase: rule.phase,
    rule,
    parts,
    needs,
    isAlways: needs.length === 0,
    skipTo: -1,
    redirect: compileMacro(rule.redirect),
    paranoia: paranoiaOf(rule.tags),
  };
}

/** Pure parts without which nothing happens: up to the first part whose own match does something. */
function needsOf(parts: readonly CompiledPart[]): number[] {
  const needs: number[] = [];
  for (const part of parts) {
    if (part.pure >= 0) needs.push(part.pure);
    if (part.hasEffects) break;
  }
  return needs;
}

function ownersOf(rules: readonly CompiledRule[], count: number): { ruleOfPart: Int32Array; isTrigger: Uint8Array } {
  const ruleOfPart = new Int32Array(count);
  const isTrigger = new Uint8Array(count);
  for (const rule of rules) {
    for (const part of rule.parts) if (part.pure >= 0) ruleOfPart[part.pure] = rule.index;
    const trigger = rule.needs[0];
    if (trigger !== undefined) isTrigger[trigger] = 1;
  }
  return { ruleOfPart, isTrigger };
}

function paranoiaOf(tags: readonly string[]): number {
  for (const tag of tags) {
    const level = /^paranoia-level\/([1-4])$/.exec(tag);
    if (level !== null) return Number(level[1]);
  }
  return 1;
}

/** Rules that ask about what reading a body says, in time. Those of layers do not count: they may be another policy's, or a team's that never match. */
function asking(rules: readonly Rule[], words: number, variables: readonly string[]): Uint32Array {
  const places = rules.flatMap((rule, index) => {
    const isAsking = [rule.head, ...rule.links].some((part) =>
      part.variables.some((variable) => variables.includes(variable.name)),
    );
    return isAsking && rule.layer === "" && rule.phase === 2 ? [index] : [];
  });
  return bitsOf(places, words);
}

export function bitsOf(places: readonly number[], words: number): Uint32Array {
  const bits = new Uint32Array(words);
  for (const place of places) bits[place >>> 5]! |= 1 << (place & 31);
  return bits;
}

interface LookUps {
  readonly byTag: (pattern: string) => Uint32Array;
  readonly byMessage: (pattern: string) => Uint32Array;
  readonly byRange: (from: number, to: number) => Uint32Array;
  readonly byRanges: (ranges: readonly IdRange[]) => Uint32Array;
}

function createLookUps(rules: readonly Rule[], words: number): LookUps {
  const where = (isIn: (rule: Rule) => boolean): Uint32Array =>
    bitsOf(
      rules.flatMap((rule, index) => (isIn(rule) ? [index] : [])),
      words,
    );
  return {
    // As directives compare them, and as it was checked whom a layer's rules reach.
    byTag: (text) => {
      const pattern = namePattern(text);
      return where((rule) => rule.tags.some((tag) => pattern.matches(tag)));
    },
    byMessage: (text) => {
      const pattern = namePattern(text);
      return where((rule) => {
        const message = fixedText(rule.head.message);
        return message !== "" && pattern.matches(message);
      });
    },
    byRange: (from, to) => where((rule) => rule.id >= from && rule.id <= to),
    byRanges: (ranges) => where((rule) => ranges.some(({ from, to }) => rule.id >= from && rule.id <= to)),
  };
}

function compileControl(control: ControlAction, lookUps: LookUps): CompiledControl {
  switch (control.kind) {
    case "ruleRemoveById":
      return { kind: "removeRules", rules: lookUps.byRanges(control.ranges) };
    case "ruleRemoveByTag":
      return { kind: "removeRules", rules: lookUps.byTag(control.pattern) };
    case "ruleRemoveByMsg":
      return { kind: "removeRules", rules: lookUps.byMessage(control.pattern) };
    case "ruleRemoveTargetById":
      return {
        kind: "removeTargets",
        rules: lookUps.byRanges(control.ranges),
        targets: control.targets.map(selectorOf),
      };
    case "ruleRemoveTargetByTag":
      return { kind: "removeTargets", rules: lookUps.byTag(control.pattern), targets: control.targets.map(selectorOf) };
    case "ruleRemoveTargetByMsg":
      return {
        kind: "removeTargets",
        rules: lookUps.byMessage(control.pattern),
        targets: control.targets.map(selectorOf),
      };
    default:
      return control;
  }
}

/** For each rule the place that its skipAfter leads to. Only markers and rules after it count, as in the reference. */
function skipTargets(ruleSet: RuleSet, rules: readonly CompiledRule[], problems: WafProblem[]): number[] {
  const places: { name: string; next: number }[] = [];
  let index = 0;
  for (const item of ruleSet.items) {
    if (item.kind === "marker") places.push({ name: item.name, next: index });
    else places.push({ name: `id:${item.id}`, next: ++index });
  }
  return rules.map(({ rule, index: from, phase }) => {
    if (rule.skip > 0) return skipCount(rules, from, phase, rule.skip);
    if (rule.skipAfter === "") return -1;
    const found = places.find(
      (place) => place.next > from && place.name === rule.skipAfter && place.name !== `id:${rule.id}`,
    );
    if (found !== undefined) return found.next;
    problems.push({
      severity: "warning",
      code: "waf/no-such-marker",
      message: `skipAfter:${rule.skipAfter}: nothing of this name stands after the rule`,
      hint: "When it matches, the rest of its phase is skipped",
      position: rule.head.position,
      ruleId: rule.id,
    });
    return Number.POSITIVE_INFINITY;
  });
}

function skipCount(rules: readonly CompiledRule[], from: number, phase: number, count: number): number {
  let left = count;
  for (let index = from + 1; index < rules.length; index++) {
    if (rules[index]!.phase === phase && left-- === 0) return index;
  }
  return Number.POSITIVE_INFINITY;
}

/** Which TX names a selector by pattern means; asked again and again, so remembered, bounded. */
function transactionNames(names: readonly string[]): Pick<Compiled, "slotsOf" | "isMadeNameOf"> {
  const slotsBySelector = new Map<Selector, readonly number[]>();
  const madeBySelector = new Map<Selector, Map<string, boolean>>();
  const rememberedMax = 4096;
  return {
    slotsOf: (selector) => {
      const known = slotsBySelector.get(selector);
      if (known !== undefined) return known;
      const found = names.flatMap((name, slot) => (selector.hasKey(name) ? [slot] : []));
      slotsBySelector.set(selector, found);
      return found;
    },
    isMadeNameOf: (selector, name) => {
      let known = madeBySelector.get(selector);
      if (known === undefined) madeBySelector.set(selector, (known = new Map()));
      const before = known.get(name);
      if (before !== undefined) return before;
      if (known.size >= rememberedMax) known.clear();
      const found = selector.hasKey(name);
      known.set(name, found);
      return found;
    },
  };
}
