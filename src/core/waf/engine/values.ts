// Values of a transaction: each is kept once, judged once, and linked to what it hit.
import type { Judge } from "./judge.ts";
import { reachLimit } from "./over-limit.ts";
import type { State } from "./state.ts";

export const valueLimits = {
  /** Values of one transaction; what comes after them is not looked at. */
  valuesMax: 20_000,
  /** Of one value; what lies behind is not looked at. */
  valueBytesMax: 1024 * 1024,
} as const;

/** Keeps a value and asks all pure parts about it. */
export function addValue(state: State, judge: Judge | undefined, source: number, key: string, given: string): void {
  const value = state.valueCount;
  if (value >= valueLimits.valuesMax) {
    reachLimit(state, overValues);
    return;
  }
  const isCut = given.length > valueLimits.valueBytesMax;
  const text = isCut ? given.slice(0, valueLimits.valueBytesMax) : given;
  if (isCut) reachLimit(state, overBytes);
  state.valueSource[value] = source;
  state.valueKey[value] = key;
  state.valueText[value] = text;
  state.valueNext[value] = -1;
  state.valueCount++;
  const tail = state.sourceTail[source]!;
  if (tail < 0) state.sourceHead[source] = value;
  else state.valueNext[tail] = value;
  state.sourceTail[source] = value;
  if (judge === undefined || state.isOverBudget || state.engineMode === "off") return;
  const plan = state.program.shape.planOf(source, key);
  if (plan === undefined) return;
  const hits = judge.judge(state, plan, text);
  for (let index = 0; index < hits.length; index++) addHit(state, hits[index]!, value);
}

const overBytes = `a value after its first ${valueLimits.valueBytesMax} bytes`;
const overValues = `values after the first ${valueLimits.valuesMax}`;

function addHit(state: State, entry: number, value: number): void {
  const hit = state.hitCount++;
  state.hitValue[hit] = value;
  state.hitNext[hit] = -1;
  const tail = state.partTail[entry]!;
  if (tail < 0) {
    state.partHead[entry] = hit;
    state.touchedParts.push(entry);
    if (state.compiled.isTrigger[entry] === 1) {
      const rule = state.compiled.ruleOfPart[entry]!;
      state.pending[rule >>> 5]! |= 1 << (rule & 31);
    }
  } else state.hitNext[tail] = hit;
  state.partTail[entry] = hit;
}
