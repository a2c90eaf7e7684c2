// One door from a pattern's text to something that runs in linear time: V8 where a proof clears it, our own automaton for the rest, and the leftmost match with its
// captures from our own backtracker, which never tries the same twice.
import { createBacktracker, type Backtracker } from "./backtracker.ts";
import { clausesOf } from "./clauses.ts";
import { createLazyAutomaton, type LazyAutomaton } from "./lazy-automaton.ts";
import { growthOf } from "./linear-proof.ts";
import { parsePattern } from "./parse-pattern.ts";
import type { Pattern, PatternOptions } from "./pattern.ts";
import { buildProgram } from "./program.ts";
import type { ParsedPattern, PatternNode } from "./syntax.ts";
import { testTree } from "./test-tree.ts";
import { v8BytesFor } from "./v8-choice.ts";
import { v8Source } from "./v8-source.ts";
import { refuseTooLarge } from "./written-size.ts";

/** Groups that `exec` gives, whole match included: TX:0 to TX:9. */
const groupsMax = 10;

/** A pattern's tree: held no longer than the job that asks for it, since trees take more memory than all that runs; read again from the source when needed. */
type TreeOf = () => ParsedPattern;

interface Matchers {
  readonly treeOf: TreeOf;
  readonly captureCount: number;
  readonly isRegular: boolean;
  readonly test: (subject: string) => boolean;
}

function capturesOf(slots: Int32Array, subject: string, captureCount: number): readonly (string | undefined)[] {
  const groups: (string | undefined)[] = [];
  for (let group = 0; group <= captureCount && group < groupsMax; group++) {
    const from = slots[group * 2] as number;
    const to = slots[group * 2 + 1] as number;
    groups.push(from < 0 || to < 0 ? undefined : subject.slice(from, to));
  }
  return groups;
}

/** What regular and irregular patterns share; the backtracker is made when it is first asked. */
function finders({ treeOf, captureCount, isRegular, test }: Matchers): Pick<Pattern, "exec" | "indexIn"> {
  let backtracker: Backtracker | undefined;
  function find(subject: string): Int32Array | undefined {
    if (isRegular && !test(subject)) return undefined;
    backtracker ??= createBacktracker(buildProgram(treeOf().root, captureCount, true), isRegular);
    return backtracker.find(subject, 0);
  }
  return {
    exec: (subject) => {
      const slots = find(subject);
      return slots === undefined ? undefined : capturesOf(slots, subject, captureCount);
    },
    indexIn: (subject) => find(subject)?.[0] ?? -1,
  };
}

function compileIrregular(source: string, { captureCount, irregular }: ParsedPattern, treeOf: TreeOf): Pattern {
  let backtracker: Backtracker | undefined;
  const test = (subject: string): boolean => {
    backtracker ??= createBacktracker(buildProgram(treeOf().root, captureCount, true), false);
    return backtracker.find(subject, 0) !== undefined;
  };
  return {
    source,
    get clauses() {
      return clausesOf(treeOf().root);
    },
    captureCount,
    v8BytesMax: 0,
    isStepLimited: true,
    v8Because: `has a ${irregular}: runs with a step limit`,
    test,
    ...finders({ treeOf, captureCount, isRegular: false, test }),
  };
}

interface V8Limit {
  readonly bytesMax: number;
  readonly because: string;
}

/** The two ways to test, each made when it is first needed. */
function createTest(treeOf: () => PatternNode, limitOf: (tree: PatternNode) => V8Limit): (subject: string) => boolean {
  let bytesMax = Number.NaN;
  let expression: RegExp | undefined;
  let automaton: LazyAutomaton | undefined;
  function prepare(): void {
    const tree = treeOf();
    bytesMax = limitOf(tree).bytesMax;
    if (bytesMax === 0) return;
    expression = new RegExp(v8Source(tree));
    // V8 interprets the first run and compiles at the second.
    for (let round = 0; round < 2; round++) expression.test("warm");
  }
  return (subject) => {
    if (Number.isNaN(bytesMax)) prepare();
    if (expression !== undefined && subject.length <= bytesMax) return expression.test(subject);
    automaton ??= createLazyAutomaton(buildProgram(treeOf(), 0, false));
    return automaton.test(subject);
  };
}

/** The tree again and again, kept by nobody. */
function weakly(parsed: ParsedPattern, source: string, options: PatternOptions): TreeOf {
  let held = new WeakRef(parsed);
  return () => {
    const known = held.deref();
    if (known !== undefined) return known;
    const again = parsePattern(source, options);
    held = new WeakRef(again);
    return again;
  };
}

/** Compiles a pattern. Throws Fault "waf/bad-pattern" with the place when it cannot be read. */
export function compilePattern(source: string, options: PatternOptions): Pattern {
  const parsed = parsePattern(source, options);
  refuseTooLarge(parsed.root);
  const treeOf = weakly(parsed, source, options);
  if (parsed.irregular !== undefined) return compileIrregular(source, parsed, treeOf);
  const { captureCount } = parsed;
  const smallTreeOf = (): PatternNode => testTree(treeOf());
  let limit: V8Limit | undefined;
  function limitOf(tree?: PatternNode): V8Limit {
    limit ??= v8BytesFor(tree ?? smallTreeOf(), growthOf);
    return limit;
  }
  const test = createTest(smallTreeOf, limitOf);
  return {
    source,
    get clauses() {
      return clausesOf(treeOf().root);
    },
    captureCount,
    get v8BytesMax() {
      return limitOf().bytesMax;
    },
    get v8Because() {
      return limitOf().because;
    },
    isStepLimited: false,
    test,
    ...finders({ treeOf, captureCount, isRegular: true, test }),
  };
}
