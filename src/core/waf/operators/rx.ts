// rx, rxGlobal: regular expressions over bytes, in linear time. Groups 0 to 9 are captured.
import { compilePattern } from "../regex/compile-pattern.ts";
import type { Pattern } from "../regex/pattern.ts";
import { hasMacro } from "./argument.ts";
import { defaultOperatorContext, type BoundOperator, type OperatorHit, type OperatorMaker } from "./operator.ts";

/** Patterns of a macro that are kept compiled, per operator; the oldest falls out. */
export const expandedPatternsMax = 64;
/** rxGlobal looks at so many matches of a value. */
export const globalMatchesMax = 1_000;

export const rx: OperatorMaker = (operator, context = defaultOperatorContext) => {
  const { argument } = operator;
  if (hasMacro(argument)) return expanding(argument, (text) => compilePattern(text, context.patternOptions), matchOnce);
  const pattern = compilePattern(argument, context.patternOptions);
  return { evaluate: (value) => matchOnce(pattern, value), isPure: true, pattern };
};

/** The captures are those of the last match, as ModSecurity leaves them. After the first match anchors count from the end of the match before. */
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
  let last = first;
  let rest = value;
  for (let count = 1; last !== undefined && count < globalMatchesMax; count += 1) {
    const next = pattern.indexIn(rest) + Math.max(1, last.matched.length);
    if (next >= rest.length) break;
    rest = rest.slice(next);
    const found = matchOnce(pattern, rest);
    if (found === undefined) break;
    last = found;
  }
  return first === undefined || last === undefined ? undefined : { matched: first.matched, captures: last.captures };
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
