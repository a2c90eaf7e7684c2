// What pure parts make of a value: its text after transformations and what the operator found. Asked only where a value was hit; rules that are hit in every request ask again and again.
import type { OperatorHit, OperatorScope } from "../operators/operator.ts";
import type { CompiledPart } from "./compiled.ts";

export interface Outcome {
  readonly text: string;
  readonly hit: OperatorHit | undefined;
}

export interface OutcomeMemo {
  of(part: CompiledPart, value: string, scope: OperatorScope): Outcome;
  clear(): void;
}

export const outcomeLimits = {
  /** Of a part; a full memory is emptied. */
  valuesMax: 128,
  valueBytesMax: 128,
} as const;

export function createOutcomeMemo(isOn: boolean): OutcomeMemo {
  const known: (Map<string, Outcome> | undefined)[] = [];
  return {
    of: (part, value, scope) => {
      if (!isOn || value.length > outcomeLimits.valueBytesMax) return outcomeOf(part, value, scope);
      const outcomes = (known[part.pure] ??= new Map<string, Outcome>());
      let outcome = outcomes.get(value);
      if (outcome === undefined) {
        if (outcomes.size >= outcomeLimits.valuesMax) outcomes.clear();
        outcome = outcomeOf(part, value, scope);
        outcomes.set(value, outcome);
      }
      return outcome;
    },
    clear: () => {
      known.length = 0;
    },
  };
}

function outcomeOf(part: CompiledPart, value: string, scope: OperatorScope): Outcome {
  let text = value;
  for (const transformation of part.transformations) text = transformation.apply(text);
  return { text, hit: part.operator.evaluate(text, scope) };
}
