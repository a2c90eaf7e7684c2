// Every pattern of the Core Rule Set: our matchers answer as V8 does, time is linear for every subject of the pump search, V8 gets only what its proof cleared,
// and the scan never rules out a pattern that matches.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { compilePattern } from "../../src/core/waf/regex/compile-pattern.ts";
import { createLazyAutomaton } from "../../src/core/waf/regex/lazy-automaton.ts";
import { parsePattern } from "../../src/core/waf/regex/parse-pattern.ts";
import type { Pattern } from "../../src/core/waf/regex/pattern.ts";
import { buildProgram } from "../../src/core/waf/regex/program.ts";
import { takeSteps } from "../../src/core/waf/regex/steps.ts";
import { testTree } from "../../src/core/waf/regex/test-tree.ts";
import { v8Source } from "../../src/core/waf/regex/v8-source.ts";
import { createPrefilter } from "../../src/core/waf/scan/create-prefilter.ts";
import { skipUnless } from "../support/skip.ts";
import {
  createRandom,
  crsFolder,
  crsPatterns,
  flat,
  mutated,
  pumpsFor,
  rulePatternOptions,
  sampleOf,
  subjectOf,
  type RulePattern,
} from "../support/waf-patterns.ts";

/** Steps (bytes read, instructions looked at) per byte that no pattern may exceed at 16 KB. */
const stepsPerByteMax = 40;
/** How much steps may grow when the subject doubles. */
const growthMax = 2.2;
/** V8 is asked for comparison only with subjects this short: longer ones are slow for some patterns. */
const comparedBytesMax = 48;
/** Patterns that are slow in V8 even then are compared at fewer bytes. */
const slowBytesMax = 16;

const hasRules = existsSync(path.join(crsFolder, "rules"));
const missing = "the Core Rule Set in shared/data/crs";

interface Compiled extends RulePattern {
  readonly pattern: Pattern;
}

let compiled: readonly Compiled[] | undefined;

function compiledPatterns(): readonly Compiled[] {
  compiled ??= crsPatterns().map((each) => ({ ...each, pattern: compilePattern(each.source, rulePatternOptions) }));
  return compiled;
}

/** Values of the suite's requests: targets, headers and bodies, as they stand in the files. */
function payloads(): readonly string[] {
  const folder = path.join(crsFolder, "tests");
  const found = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".yaml")) continue;
    for (const match of readFileSync(path.join(folder, file), "latin1").matchAll(
      /^\s*(?:uri|data|User-Agent|Referer|Cookie): *(.{3,400})$/gm,
    )) {
      const text = (match[1] ?? "").replace(/^["']|["']$/g, "");
      found.add(text);
      found.add(
        text
          .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
          .replaceAll("+", " "),
      );
    }
  }
  return [...found].map(flat);
}

test("automaton, backtracker and V8 agree on every pattern", { timeout: 240_000 }, (context) => {
  if (!skipUnless(context, hasRules, missing)) return;
  const random = createRandom(7);
  const words = payloads();
  let hits = 0;
  for (const { ruleId, source, pattern } of compiledPatterns()) {
    const parsed = parsePattern(source, rulePatternOptions);
    const expression = new RegExp(v8Source(parsed.root));
    const automaton = createLazyAutomaton(buildProgram(testTree(parsed), 0, false));
    const bytesMax = pattern.v8BytesMax >= comparedBytesMax ? comparedBytesMax : slowBytesMax;
    for (let round = 0; round < 40; round++) {
      const sample = sampleOf(parsed.root, random);
      const other = words[random(words.length)] ?? "";
      const whole = round % 4 === 0 ? other : round % 4 === 1 ? sample : mutated(sample, [other, sample], random);
      const from = random(Math.max(1, whole.length - bytesMax));
      const subject = flat(round % 2 === 0 ? whole.slice(0, bytesMax) : whole.slice(from, from + bytesMax));
      const wanted = expression.exec(subject);
      const label = `${ruleId} on ${JSON.stringify(subject)}`;
      assert.equal(automaton.test(subject), wanted !== null, label);
      assert.equal(pattern.test(subject), wanted !== null, label);
      const found = pattern.exec(subject);
      if (wanted === null) {
        assert.equal(found, undefined, label);
        continue;
      }
      hits += 1;
      assert.equal(pattern.indexIn(subject), wanted.index, label);
      assert.equal(found?.[0], wanted[0], label);
      // Groups in repeats keep their last value, as in PCRE; V8 forgets it. Patterns without such groups must agree in all.
      if (!/\)[*+{]/.test(source)) assert.deepEqual(found, [...wanted].slice(0, 10), label);
    }
  }
  assert.ok(hits > 2000, `only ${hits} of the subjects matched`);
});

test("steps are linear for every pattern and pump", { timeout: 240_000 }, (context) => {
  if (!skipUnless(context, hasRules, missing)) return;
  let counted = 0;
  for (const { ruleId, source } of compiledPatterns()) {
    const program = buildProgram(testTree(parsePattern(source, rulePatternOptions)), 0, false);
    for (const pump of pumpsFor(source, 10, ruleId + 1)) {
      // A fresh automaton for each length: nothing is known from before.
      const [half, full] = [8192, 16_384].map((bytes) => {
        const automaton = createLazyAutomaton(program);
        takeSteps();
        automaton.test(subjectOf(pump, bytes));
        const steps = takeSteps();
        return steps.bytes + steps.visits;
      });
      if (half === undefined || full === undefined) continue;
      counted += full;
      const label = `${ruleId}, head ${JSON.stringify(pump.head)}, piece ${JSON.stringify(pump.piece)}`;
      assert.ok(full <= half * growthMax, `${half} steps at 8 KB, ${full} at 16 KB: ${label}`);
      assert.ok(full <= 16_384 * stepsPerByteMax, `${full} steps at 16 KB: ${label}`);
    }
  }
  assert.ok(counted > 0);
});

test("captures of long subjects are found in linear steps", { timeout: 240_000 }, (context) => {
  if (!skipUnless(context, hasRules, missing)) return;
  let found = 0;
  for (const { ruleId, source, pattern } of compiledPatterns()) {
    for (const pump of pumpsFor(source, 4, ruleId + 2)) {
      const [half, full] = [2048, 4096].map((bytes) => {
        const subject = subjectOf(pump, bytes);
        if (!pattern.test(subject)) return undefined;
        takeSteps();
        pattern.exec(subject);
        return takeSteps().visits;
      });
      if (half === undefined || full === undefined) continue;
      found += 1;
      // The constant part (where the match begins and ends) may be all there is.
      assert.ok(
        full <= half * growthMax + 20_000,
        `${half} at 2 KB, ${full} at 4 KB: ${ruleId} ${JSON.stringify(pump)}`,
      );
    }
  }
  assert.ok(found > 100);
});

test("V8 is given no pattern and length that its proof did not clear", { timeout: 240_000 }, (context) => {
  if (!skipUnless(context, hasRules, missing)) return;
  const patterns = compiledPatterns();
  const cleared = new Map<string, number>();
  for (const { source, pattern } of patterns) {
    const text = v8Source(testTree(parsePattern(source, rulePatternOptions))) || "(?:)";
    cleared.set(text, Math.max(cleared.get(text) ?? 0, pattern.v8BytesMax));
  }
  const subjects = [1, 7, 12, 16, 24, 48, 64, 127, 128, 129, 300, 5000].map((bytes) =>
    flat("a (<'\"x=1;".repeat(600).slice(0, bytes)),
  );
  /* oxlint-disable no-extend-native, unbound-method */
  const originalTest = RegExp.prototype.test;
  const given: string[] = [];
  let runs = 0;
  RegExp.prototype.test = function watched(this: RegExp, text: string) {
    runs += 1;
    const most = cleared.get(this.source);
    if (most === undefined || text.length > most)
      given.push(`${this.source.slice(0, 60)} got ${text.length} bytes, cleared for ${most}`);
    return originalTest.call(this, text);
  };
  try {
    for (const { pattern } of patterns)
      for (const subject of subjects) {
        pattern.test(subject);
        pattern.exec(subject);
        pattern.indexIn(subject);
      }
  } finally {
    RegExp.prototype.test = originalTest;
  }
  /* oxlint-enable no-extend-native, unbound-method */
  assert.deepEqual(given, []);
  assert.ok(runs > 1000, "V8 was used at all");
});

test("what the scan rules out does not match", { timeout: 240_000 }, (context) => {
  if (!skipUnless(context, hasRules, missing)) return;
  const patterns = compiledPatterns();
  const prefilter = createPrefilter(patterns.map(({ pattern }) => pattern.clauses));
  const random = createRandom(11);
  const words = payloads();
  const samples = patterns.map(({ source }) => sampleOf(parsePattern(source, rulePatternOptions).root, random));
  const subjects: string[] = [];
  for (const word of words)
    if (random(3) === 0) subjects.push(word, mutated(word, words, random), mutated(word, samples, random));
  for (const sample of samples)
    subjects.push(flat(sample), mutated(sample, words, random), mutated(sample, samples, random));
  for (let round = 0; round < 300; round++)
    subjects.push(flat(Array.from({ length: random(60) }, () => String.fromCharCode(random(256))).join("")));
  let ruledOut = 0;
  let matches = 0;
  for (const subject of subjects.map((each) => each.slice(0, 400))) {
    const bits = prefilter.candidates(subject).slice();
    for (const [index, { ruleId, pattern }] of patterns.entries()) {
      const may = (((bits[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;
      const matched = pattern.test(subject);
      if (matched) matches += 1;
      if (!may) ruledOut += 1;
      assert.ok(may || !matched, `${ruleId} matches ${JSON.stringify(subject)} and was ruled out`);
    }
  }
  assert.ok(matches > 5000 && ruledOut > matches, `${matches} matches, ${ruledOut} ruled out`);
});
