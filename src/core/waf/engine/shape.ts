// What must be judged of a value, by where it stands: a shape holds the plans for one set of active rules. Policies with the same active rules share one, its memo too.
import type { Compiled, CompiledPart } from "./compiled.ts";
import { hasBit } from "./exclusions.ts";
import { createPlan, type Plan } from "./plan.ts";
import { sourceNames } from "./sources.ts";

export interface Shape {
  /** The plan for a value of a source with a key; undefined: no active rule looks at it. */
  planOf(source: number, key: string): Plan | undefined;
}

export interface Shapes {
  of(active: Uint32Array): Shape;
}

export const shapeLimits = {
  /** Sets of active rules at a time; the oldest is forgotten. */
  shapesMax: 256,
  /** Keys whose plan is remembered, per source. */
  keysMax: 4096,
  /** Longer keys are asked each time. */
  keyBytesMax: 64,
} as const;

export function createShapes(compiled: Compiled): Shapes {
  const keyTests = sourceNames.map((_, source) => distinguishing(compiled, source));
  const shapes = new Map<string, Shape>();
  return {
    of: (active) => {
      const name = active.join(" ");
      const known = shapes.get(name);
      if (known !== undefined) return known;
      if (shapes.size >= shapeLimits.shapesMax) {
        const oldest = shapes.keys().next();
        if (oldest.done !== true) shapes.delete(oldest.value);
      }
      const shape = createShape({ compiled, active, keyTests, plans: new Map() });
      shapes.set(name, shape);
      return shape;
    },
  };
}

/** Whether rules tell keys of a source apart at all; if not, one plan serves all of them. */
interface KeyTests {
  readonly exact: ReadonlySet<string>;
  readonly tests: readonly ((key: string) => boolean)[];
}

function distinguishing(compiled: Compiled, source: number): KeyTests {
  const exact = new Set<string>();
  const tests = new Map<string, (key: string) => boolean>();
  for (const part of compiled.pureParts) {
    for (const { selector, without } of part.targets) {
      if (selector.sources?.includes(source) !== true) continue;
      for (const one of [selector, ...without]) {
        if (one.select === "key") exact.add(one.argument);
        if (one.select === "regex") tests.set(one.argument, one.hasKey);
      }
    }
  }
  return { exact, tests: [...tests.values()] };
}

/** Whether a part looks at a value of this source and key. */
export function looksAt(part: CompiledPart, source: number, key: string): boolean {
  return part.targets.some(
    ({ selector, without }) =>
      selector.sources?.includes(source) === true &&
      selector.hasKey(key) &&
      !without.some((other) => other.sources?.includes(source) === true && other.hasKey(key)),
  );
}

interface ShapeParts {
  readonly compiled: Compiled;
  readonly active: Uint32Array;
  readonly keyTests: readonly KeyTests[];
  readonly plans: Map<string, Plan>;
}

function createShape(parts: ShapeParts): Shape {
  const general: (Plan | undefined | null)[] = sourceNames.map(() => null);
  const byKey = sourceNames.map(() => new Map<string, Plan | undefined>());
  const generalOf = (source: number): Plan | undefined => {
    const plan = general[source];
    if (plan !== null) return plan;
    return (general[source] = planFor(parts, source, keyOfNobody));
  };
  return {
    planOf: (source, key) => {
      const { exact, tests } = parts.keyTests[source]!;
      if (exact.size === 0 && tests.length === 0) return generalOf(source);
      const remembered = byKey[source]!;
      const known = remembered.get(key);
      if (known !== undefined || remembered.has(key)) return known;
      const isNamed = exact.has(key.toLowerCase()) || tests.some((test) => test(key));
      const plan = isNamed ? planFor(parts, source, key) : generalOf(source);
      if (key.length <= shapeLimits.keyBytesMax) {
        if (remembered.size >= shapeLimits.keysMax) remembered.clear();
        remembered.set(key, plan);
      }
      return plan;
    },
  };
}

/** A key that no rule names. */
const keyOfNobody = "\u0000";

function planFor(parts: ShapeParts, source: number, key: string): Plan | undefined {
  const { compiled, active } = parts;
  const entries: number[] = [];
  for (const [entry, part] of compiled.pureParts.entries()) {
    if (!hasBit(active, compiled.ruleOfPart[entry]!)) continue;
    if (looksAt(part, source, key)) entries.push(entry);
  }
  if (entries.length === 0) return undefined;
  const name = entries.join(" ");
  const known = parts.plans.get(name);
  if (known !== undefined) return known;
  const plan = createPlan(compiled, entries);
  parts.plans.set(name, plan);
  return plan;
}
