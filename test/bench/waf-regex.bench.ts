// Thread CPU of every pattern of the Core Rule Set over 16 KB subjects that try to make it slow; goal: 5 ms for the worst. And nanoseconds per byte of our
// automaton and of V8 over ordinary values.
import { compilePattern } from "../../src/core/waf/regex/compile-pattern.ts";
import { createLazyAutomaton } from "../../src/core/waf/regex/lazy-automaton.ts";
import { parsePattern } from "../../src/core/waf/regex/parse-pattern.ts";
import { buildProgram } from "../../src/core/waf/regex/program.ts";
import type { Pattern } from "../../src/core/waf/regex/pattern.ts";
import { takeSteps } from "../../src/core/waf/regex/steps.ts";
import { testTree } from "../../src/core/waf/regex/test-tree.ts";
import {
  crsPatterns,
  flat,
  pumpsFor,
  rulePatternOptions,
  subjectOf,
  type RulePattern,
} from "../support/waf-patterns.ts";

const subjectBytes = 16_384;
const pumpsPerPattern = 24;
const goalMs = 5;

function cpuMs(body: () => unknown): number {
  const before = process.cpuUsage();
  body();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000;
}

const sources = crsPatterns();
let patterns: readonly (RulePattern & { readonly pattern: Pattern })[] = [];
const compiledMs = cpuMs(() => {
  patterns = sources.map((each) => ({ ...each, pattern: compilePattern(each.source, rulePatternOptions) }));
});
const preparedMs = cpuMs(() => {
  for (const { pattern } of patterns) {
    pattern.test("prepared");
    pattern.test(flat("prepared ".repeat(40)));
  }
});
takeSteps();

interface Row {
  readonly ruleId: number;
  readonly worstMs: number;
  readonly firstMs: number;
  readonly stepsPerByte: number;
  readonly flushes: number;
  readonly because: string;
}

const rows: Row[] = [];
for (const { ruleId, source, pattern } of patterns) {
  let worstMs = 0;
  let firstMs = 0;
  let stepsPerByte = 0;
  let flushes = 0;
  for (const pump of pumpsFor(source, pumpsPerPattern, ruleId)) {
    const subject = subjectOf(pump, subjectBytes);
    takeSteps();
    const first = cpuMs(() => pattern.test(subject));
    const steps = takeSteps();
    stepsPerByte = Math.max(stepsPerByte, (steps.bytes + steps.visits) / subjectBytes);
    flushes += steps.cacheFlushes;
    // A first run makes states, and may be hit by the collector: it is told beside the figure for the pattern's own work.
    firstMs = Math.max(firstMs, first);
    const again = Math.min(...[1, 2].map(() => cpuMs(() => pattern.test(subject))));
    worstMs = Math.max(worstMs, Math.min(first, again));
  }
  rows.push({
    ruleId,
    worstMs,
    firstMs,
    stepsPerByte,
    flushes,
    because: `${pattern.v8BytesMax}: ${pattern.v8Because}`,
  });
}
rows.sort((a, b) => b.worstMs - a.worstMs);
console.log(`waf-regex: compiled in ${compiledMs.toFixed(0)} ms, prepared at first use in ${preparedMs.toFixed(0)} ms`);
console.log(
  `waf-regex: ${rows.length} patterns, ${pumpsPerPattern} subjects of ${subjectBytes} bytes each; worst ${rows[0]?.worstMs.toFixed(2)} ms (goal ${goalMs}), ${rows.filter((row) => row.worstMs > goalMs).length} over the goal`,
);
for (const row of rows.slice(0, 10))
  console.log(
    `  ${row.ruleId}: ${row.worstMs.toFixed(2)} ms (first run ${row.firstMs.toFixed(2)}), ${row.stepsPerByte.toFixed(1)} steps/byte, ${row.flushes} flushes, V8 up to ${row.because}`,
  );
const bySteps = rows.toSorted((a, b) => b.stepsPerByte - a.stepsPerByte);
console.log(
  `  most steps per byte: ${bySteps
    .slice(0, 5)
    .map((row) => `${row.ruleId} ${row.stepsPerByte.toFixed(1)}`)
    .join(", ")}`,
);

const prose = flat(
  "The delivery came late, order 4711 was paid by card (ref. AB-12/9) and we'd like it back; mail us at shop@example.org. ".repeat(
    140,
  ),
).slice(0, subjectBytes);
const v8 = { ms: 0 };
const own = { ms: 0 };
let linear = 0;
for (const { source, pattern } of patterns) {
  const tree = testTree(parsePattern(source, rulePatternOptions));
  const automaton = createLazyAutomaton(buildProgram(tree, 0, false));
  if (pattern.v8BytesMax !== Number.POSITIVE_INFINITY || automaton.test(prose)) continue;
  linear += 1;
  own.ms += cpuMs(() => {
    for (let round = 0; round < 20; round++) automaton.test(prose);
  });
  v8.ms += cpuMs(() => {
    for (let round = 0; round < 20; round++) pattern.test(prose);
  });
}
const nsPerByte = (ms: number): string => ((ms * 1e6) / (linear * 20 * subjectBytes)).toFixed(2);
console.log(
  `  ${linear} patterns that V8 runs in linear time, over prose: V8 ${nsPerByte(v8.ms)} ns/byte, our automaton ${nsPerByte(own.ms)} ns/byte`,
);
