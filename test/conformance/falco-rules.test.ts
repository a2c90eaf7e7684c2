// Falco's own rule files, all of them: they compile without a problem, and for each rule there is an event that fires it and one that differs in a single value and does not.
// Each event goes two ways: as values by field name, and as what the sensor would have told (falco-rules/story.ts) through book, adapter and index.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { compileRules } from "../../src/core/detect/compile-rules.ts";
import type { CompiledRules, DetectMachine, RuleFile } from "../../src/core/detect/contract.ts";
import { createDetector } from "../../src/core/detect/create-detector.ts";
import { createFlatJudge } from "../../src/core/detect/flat/judge-flat.ts";
import { fullSensorSupply } from "../../src/core/detect/supply.ts";
import { readRuleYaml } from "../../src/edge/manifests/read-yaml.ts";
import { skipUnless } from "../support/skip.ts";
import { realRules } from "./falco-rules/real.ts";
import { storyOf, type Flat } from "./falco-rules/story.ts";

interface Case {
  readonly rule: string;
  readonly fires?: Flat;
  /** What is different in the event that does not fire it. */
  readonly near?: Flat;
  /** Why no sensor of ours can make it fire; without `fires` nothing at all can. */
  readonly cannot?: string;
}

const folder = path.resolve(import.meta.dirname, "../../..", "shared/data/falco-rules");
const names = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"] as const;
const cases: readonly Case[] = readFileSync(path.join(import.meta.dirname, "falco-rules/cases.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Case);

function filesOr(context: TestContext): readonly RuleFile[] | undefined {
  if (!skipUnless(context, existsSync(folder), "Falco's rule files (shared/data/falco-rules)")) return undefined;
  return names.map((name) => ({ name, documents: readRuleYaml(readFileSync(path.join(folder, name), "utf8")) }));
}

/** Disabled ones too: their events are in the table like the others'. */
function allEnabled(files: readonly RuleFile[]): CompiledRules {
  const value = compileRules(files).rules.summaries.map(({ name }) => ({ rule: name, enabled: true }));
  const switches: RuleFile = { name: "switches", documents: [{ value, line: 1, errors: [], lineOf: () => 1 }] };
  const { rules, problems } = compileRules([...files, switches]);
  assert.deepEqual(problems, []);
  return rules;
}

interface Judges {
  flat(values: Flat): readonly string[];
  sensor(values: Flat): readonly string[];
}

/** One engine for all events; each story has processes of its own. */
function judgesOf(rules: CompiledRules): Judges {
  let hits: string[] = [];
  let story = storyOf({});
  let from = 1000;
  const onDetection = ({ rule }: { readonly rule: string }): void => void hits.push(rule);
  const judge = createFlatJudge(rules, onDetection);
  const machine: DetectMachine = { ...story.machine, userName: (uid) => story.machine.userName(uid) };
  const limits = { rateBurst: 100_000 };
  const detector = createDetector({ rules, supply: fullSensorSupply, machine, onDetection, limits });
  return {
    flat(values) {
      hits = [];
      judge.take(values);
      return hits;
    },
    sensor(values) {
      hits = [];
      from += 100;
      story = storyOf(values, from);
      detector.take(story.events, () => story.subject);
      return hits;
    },
  };
}

test("all three files compile, every rule of them, without a problem", (context) => {
  const files = filesOr(context);
  if (files === undefined) return;
  const { rules, problems } = compileRules(files);
  assert.deepEqual(problems, []);
  assert.equal(rules.summaries.length, 93);
  assert.equal(rules.summaries.filter(({ isEnabled }) => !isEnabled).length, 12);
  assert.ok(
    rules.summaries.every(({ eventTypes }) => eventTypes.length > 0),
    "every rule has a finite set of event types",
  );
});

test("the table has one row for each rule", (context) => {
  const files = filesOr(context);
  if (files === undefined) return;
  const known = compileRules(files).rules.summaries.map(({ name }) => name);
  assert.deepEqual(cases.map(({ rule }) => rule).toSorted(), known.toSorted());
  assert.deepEqual(
    Object.keys(realRules).filter((name) => !known.includes(name)),
    [],
    "names in real.ts that are no rules",
  );
  const open = cases.filter(({ rule, cannot }) => cannot === undefined && !(rule in realRules)).length;
  context.diagnostic(
    `${Object.keys(realRules).length} rules shown with the kernel's own events, ${open} with written ones, ${cases.filter(({ cannot }) => cannot !== undefined).length} cannot fire here`,
  );
});

test("each rule fires on its event, and not on its near miss", (context) => {
  const files = filesOr(context);
  if (files === undefined) return;
  const judges = judgesOf(allEnabled(files));
  for (const { rule, fires, near, cannot } of cases) {
    if (fires === undefined) continue;
    assert.ok(near !== undefined && Object.keys(near).length === 1, `${rule}: the near miss differs in one value`);
    assert.ok(judges.flat(fires).includes(rule), `${rule} does not fire on its event`);
    assert.ok(!judges.flat({ ...fires, ...near }).includes(rule), `${rule} fires on its near miss`);
    assert.equal(judges.sensor(fires).includes(rule), cannot === undefined, `${rule}, by sensor events`);
    assert.ok(!judges.sensor({ ...fires, ...near }).includes(rule), `${rule} fires on its near miss, by sensor events`);
  }
});

test("what cannot fire here is blind and says why; placeholders are not blind", (context) => {
  const files = filesOr(context);
  if (files === undefined) return;
  const { machine } = storyOf({});
  const detector = createDetector({
    rules: compileRules(files).rules,
    supply: fullSensorSupply,
    machine,
    onDetection: () => undefined,
  });
  const blind = detector.rules().filter(({ sight }) => sight !== "sees");
  const expected = cases
    .filter(({ cannot, fires }) => cannot !== undefined && fires !== undefined)
    .map(({ rule }) => rule);
  assert.deepEqual(blind.map(({ name }) => name).toSorted(), expected.toSorted());
  for (const { sightBecause, name } of blind) assert.match(sightBecause, /no sensor here supplies evt\.buffer/, name);
});
