// One policy's say over the compiled rules: which of them can run at all, what TX holds before the first one, its exclusions. Tables and bit sets; made once per policy.
import type { TransactionPolicy } from "./engine.ts";
import type { Compiled } from "./compiled.ts";
import { compileExclusion, haveCommon, type PolicyExclusion } from "./exclusions.ts";
import { foldRules } from "./fold.ts";
import { pinnedValues } from "./pinned.ts";
import type { Shape, Shapes } from "./shape.ts";

export interface PolicyProgram {
  readonly policy: TransactionPolicy;
  /** Rules that can run: reached, of the floor or of a layer of the policy. */
  readonly active: Uint32Array;
  /** Of those, the ones that are asked in each request. */
  readonly always: Uint32Array;
  readonly initial: readonly (string | undefined)[];
  /** Slots that only conditional rules may change. */
  readonly pinnedSlots: Uint8Array;
  /** Settings whose name no rule spells out. */
  readonly made: readonly (readonly [string, string])[];
  readonly exclusions: readonly PolicyExclusion[];
  /** One of the rules that can run asks about bodies that cannot be read. */
  readonly asks: { readonly bodyError: boolean; readonly multipartError: boolean };
  /** What of a value must be judged: shared by policies with the same active rules. */
  readonly shape: Shape;
}

export function createPolicyProgram(
  policy: TransactionPolicy,
  compiled: Compiled,
  shapes: Shapes,
  isSilentListed: boolean,
): PolicyProgram {
  const { slots, names } = compiled.names;
  const initial: (string | undefined)[] = names.map(() => undefined);
  const pinnedSlots = new Uint8Array(names.length);
  const made: [string, string][] = [];
  for (const [name, value] of pinnedValues(policy)) {
    const slot = slots.get(name);
    if (slot === undefined) made.push([name, value]);
    else {
      initial[slot] = value;
      pinnedSlots[slot] = 1;
    }
  }
  const layers = new Set(policy.layers);
  const allowed = compiled.rules.map(({ rule }) => rule.layer === "" || layers.has(rule.layer));
  const folded = foldRules({ compiled, allowed, initial, pinnedSlots, isSilentListed });
  const always = new Uint32Array(compiled.ruleWords);
  for (const rule of compiled.rules) {
    if (rule.isAlways) always[rule.index >>> 5]! |= folded.active[rule.index >>> 5]! & (1 << (rule.index & 31));
  }
  return {
    policy,
    active: folded.active,
    always,
    initial: folded.initial,
    pinnedSlots,
    made,
    asks: {
      bodyError: haveCommon(compiled.asks.bodyError, folded.active),
      multipartError: haveCommon(compiled.asks.multipartError, folded.active),
    },
    exclusions: policy.exclusions.map((exclusion) => compileExclusion(exclusion, compiled)),
    shape: shapes.of(folded.active),
  };
}
