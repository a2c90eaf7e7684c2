// rx, rxGlobal: regular expressions over bytes, in linear time. Groups 0 to 9 are captured.
import { compilePattern } from "../regex/compile-pattern.ts";
import type { Pattern } from "../regex/pattern.ts";
import { hasMacro } from "./argument.ts";
import { defaultOperatorContext, type BoundOperator, type OperatorHit, type OperatorMaker } from "./operator.ts";

/** Patterns of a macro that are kept compiled, per operator; the oldest falls out. */
export const expandedPatternsMax = 64;
/** TX:0 to TX:9. */
const capturesMax = 10;

export const rx: OperatorMaker = (operator, context = defaultOperatorContext) => {
  const { argument } = operator;
  if (hasMacro(argument)) return expanding(argument, (text) => compilePattern(text, context.patternOptions), matchOnce);
  const pattern = compilePattern(argument, context.patternOptions);
  return { evaluate: (value) => matchOnce(pattern, value), isPure: true, pattern };
};

/** The groups of all matches, one match behind the other, as ModSecurity has them. After the first match anchors count from the end of the match before. */
export const rxGlobal: OperatorMaker = (operator, context = defaultOperatorContext) => {
  const { argument } = operator;
  if (hasMacro(argument)) return expanding(argument, (text) => compilePattern(text, context.patternOptions), matchAll);
  const pattern = compilePattern(argument, context.patternOptions);
  return { evaluate: (value) => matchAll(pattern, value), isPure: true, pattern };
};

type Match = (pattern: Pattern, value: string) => OperatorHit | undefined;

function matchOnce(pattern: Pattern, value: string): OperatorHit | undefined {
  if (!pattern.test(value)) return undefined;
  const captures = pattern.exec(value);
  return captures === undefined ? undefined : { matched: captures[0] ?? "", captures };
}

function matchAll(pattern: Pattern, value: string): OperatorHit | undefined {
  const first = matchOnce(pattern, value);
  if (first === undefined) return undefined;
  const captures = [...withoutTrailingGaps(first.captures)];
  let rest = value;
  let last = first;
  while (captures.length < capturesMax) {
    const next = pattern.indexIn(rest) + Math.max(1, last.matched.length);
    if (next >= rest.length) break;
    rest = rest.slice(next);
    const found = matchOnce(pattern, rest);
    if (found === undefined) break;
    captures.push(...withoutTrailingGaps(found.captures));
    last = found;
  }
  return { matched: first.matched, captures: captures.slice(0, capturesMax) };
}

function withoutTrailingGaps(captures: readonly (string | undefined)[]): readonly (string | undefined)[] {
  return captures.slice(0, captures.findLastIndex((text) => text !== undefined) + 1);
}

/** A pattern with macros in it: compiled when a new text comes up. One that does not compile matches nothing. */
function expanding(argument: string, compile: (text: string) => Pattern, match: Match): BoundOperator {
  const compiled = new Map<string, Pattern | undefined>();
  const patternOf = (text: string): Pattern | undefined => {
    if (compiled.has(text)) return compiled.get(text);
    const pattern = compileOrNothing(text, compile);
    const oldest = compiled.size < expandedPatternsMax ? undefined : compiled.keys().next().value;
    if (oldest !== undefined) compiled.delete(oldest);
    compiled.set(text, pattern);
    return pattern;
  };
  return {
    evaluate: (value, scope) => {
      const pattern = patternOf(scope.expand(argument));
      return pattern === undefined ? undefined : match(pattern, value);
    },
    isPure: false,
  };
}

function compileOrNothing(text: string, compile: (text: string) => Pattern): Pattern | undefined {
  try {
    return compile(text);
  } catch {
    // The text came from a request: nobody can mend it, and a rule must not fail because of it.
    return undefined;
  }
}
