// With a stand-in for the engine: what reaches it, within which share, and what is said of the rules.
import assert from "node:assert/strict";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import type { CompiledRules, Detector, RuleFile, RuleProblem, RuleState } from "../../../core/detect/contract.ts";
import type { SensorEvent } from "../../../core/sense/sensor.ts";
import type { Resource } from "../../../model/resource.ts";
import { createDetectSide, neverDetecting, type DetectSideOptions } from "./detect-side.ts";
import { detectLimits } from "./limits.ts";

/** Rules of a stand-in: one per item of a Falco list; an item named "broken" is refused, one named "blind" is blind. */
function compile(files: readonly RuleFile[]) {
  const summaries: RuleState[] = [];
  const problems: RuleProblem[] = [];
  for (const { name: file, documents } of files) {
    for (const item of documents.flatMap(({ value }) => (Array.isArray(value) ? value : [])) as { rule?: string }[]) {
      if (item.rule === undefined) continue;
      const at = { file, line: 3, item: item.rule };
      if (item.rule === "broken") {
        problems.push({
          ...at,
          severity: "error",
          code: "detect/unknown-field",
          message: "no field proc.nmae",
          hint: "proc.name?",
        });
      } else summaries.push(stateOf(item.rule, file));
    }
  }
  return { rules: { summaries, unusedMacros: [], unusedLists: [] }, problems };
}

function stateOf(name: string, file: string): RuleState {
  const isBlind = name === "blind";
  return {
    name,
    file,
    line: 1,
    format: "falco",
    kind: "condition",
    source: name.startsWith("audit") ? "k8s_audit" : "syscall",
    priority: "notice",
    severity: "low",
    description: "",
    tags: [],
    techniques: [],
    isEnabled: true,
    eventTypes: [],
    fields: [],
    condition: "",
    output: "",
    sight: isBlind ? "blind" : "sees",
    sightBecause: isBlind ? "no sensor here supplies proc.env" : "",
    hits: 0,
    suppressed: 0,
    stateDropped: 0,
  };
}

interface Scene {
  readonly options: DetectSideOptions;
  readonly taken: SensorEvent[][];
  readonly replaced: CompiledRules[];
  /** Milliseconds that the engine takes for each call. */
  cost: number;
  nowMs: number;
}

function scene(over: Partial<DetectSideOptions> = {}): Scene {
  const taken: SensorEvent[][] = [];
  const replaced: CompiledRules[] = [];
  let worked = 0;
  let rules: CompiledRules = { summaries: [], unusedMacros: [], unusedLists: [] };
  const detector: Detector = {
    take(events) {
      taken.push([...events]);
      worked += made.cost;
    },
    takeAudit: () => undefined,
    tick: () => undefined,
    replaceRules(next) {
      rules = next;
      replaced.push(next);
    },
    rules: () => rules.summaries as RuleState[],
    stats: () => ({
      events: taken.flat().length,
      detections: 0,
      suppressed: 0,
      processes: 0,
      processBytes: 0,
      processesEvicted: 0,
      argumentsCut: 0,
      statesDropped: 0,
      pathsEvicted: 0,
      rateKeysEvicted: 0,
      processesUnknown: 0,
    }),
  };
  const options: DetectSideOptions = {
    folder: "",
    isBuiltin: false,
    cpuShare: 0.5,
    compile,
    createDetector: (given) => {
      rules = given.rules;
      return detector;
    },
    monotonicMs: () => made.nowMs,
    workedMs: () => worked,
    supply: { eventTypes: new Set(), groups: new Set() },
    machine: { hostname: "n", userName: () => undefined, groupName: () => undefined, bootMs: 0 },
    onDetection: () => undefined,
    ...over,
  };
  const made: Scene = { options, taken, replaced, cost: 0, nowMs: 0 };
  return made;
}

async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "garrison-rules-"));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  return folder;
}

function resource(name: string, text: string, over: Partial<Resource> = {}, spec: object = {}): Resource {
  return {
    apiVersion: "garrison/v1",
    kind: "DetectionRules",
    scope: "global",
    name,
    spec: { format: "auto", text, enabled: true, ...spec },
    generation: 1,
    author: "t",
    time: "2026-11-26T10:00:00Z",
    deleted: false,
    ...over,
  };
}

const event = (type: string) => ({ type }) as SensorEvent;
const subjectOf = () => assert.fail("the stand-in asks nobody");

test("who sees for the rules is told of them at the start and when they change, and only then", async () => {
  const told: CompiledRules[] = [];
  const { options } = scene({ onRules: (rules) => void told.push(rules) });
  const side = await createDetectSide(options);
  assert.deepEqual(
    told.map(({ summaries }) => summaries.length),
    [0],
  );
  side.setResources([resource("shop", "- rule: one")]);
  side.setResources([resource("shop", "- rule: one")]);
  assert.equal(told.length, 2);
  assert.ok((told[1]?.summaries.length ?? 0) > 0);
});

test("a flood is judged until the share is used up; lives of processes are followed all the same, and the rest is counted", async () => {
  const made = scene({ cpuShare: 0.1 });
  const side = await createDetectSide(made.options);
  made.cost = detectLimits.savedMsMax + 50;
  side.take(
    Array.from({ length: detectLimits.sliceEvents }, () => event("file")),
    subjectOf,
  );
  assert.equal(made.taken.flat().length, detectLimits.sliceEvents);
  made.cost = 0;
  side.take([event("file"), event("exec"), event("call"), event("exit"), event("fork")], subjectOf);
  assert.deepEqual(
    made.taken.at(-1)?.map(({ type }) => type),
    ["exec", "exit", "fork"],
  );
  assert.equal(side.report().unjudged, 2);
  assert.deepEqual(
    side.takeLosses().map(({ rows, counted }) => [rows, counted]),
    [[2, "no"]],
  );
  assert.deepEqual(side.takeLosses(), []);
  // 501 ms at a tenth of a core fill 50.1 ms: what was overdrawn is paid back first.
  made.nowMs = 501;
  side.take([event("file")], subjectOf);
  assert.deepEqual(
    made.taken.at(-1)?.map(({ type }) => type),
    ["file"],
  );
  assert.equal(side.report().cpuMs, detectLimits.savedMsMax + 50);
});

test("folder and resources: what was loaded, refused and is blind, each by its source, with place and fix", async (t) => {
  const folder = await folderWith(t, {
    "b.yaml": "- rule: two\n",
    "a.yml": "- rule: broken\n- rule: one\n",
    "notes.txt": "- rule: never\n",
    ".x.yaml": "- rule: never\n",
  });
  const made = scene({ folder });
  const side = await createDetectSide(made.options);
  side.setResources([
    resource("shop", "- rule: three\n- rule: blind\n- rule: audit-x\n"),
    resource("bad", "- rule: broken\n"),
    resource("list", "- list: l\n"),
    resource("off", "- rule: never\n", {}, { enabled: false }),
    resource("odd", "- rule: never\n", {}, { format: "sigma" }),
    resource("wrong", "", {}),
    resource("other", "x", { kind: "Visibility" }),
  ]);
  const report = side.report();
  assert.deepEqual(
    report.sources.map(({ name, loaded, refused, blind }) => [name, loaded, refused, blind]),
    [
      ["built-in", 0, 0, 0],
      ["folder", 2, 1, 0],
      ["resources", 2, 2, 1],
    ],
  );
  assert.deepEqual([report.enabled, report.loaded, report.refused, report.blind], [true, 4, 3, 1]);
  assert.deepEqual(report.blindRules, [{ rule: "blind", because: "no sensor here supplies proc.env" }]);
  assert.match(report.problems.join("\n"), /a\.yml:3: broken: no field proc\.nmae \(proc\.name\?\)/);
  const said = new Map(side.statuses().map(({ name, state, because }) => [name, `${state}: ${because}`]));
  assert.deepEqual([...said.keys()].toSorted(), ["bad", "list", "odd", "off", "shop", "wrong"]);
  assert.equal(
    said.get("shop"),
    "applied: 2 loaded; 1 blind on this node; 1 on Kubernetes audit: the server judges them",
  );
  assert.match(said.get("bad") ?? "", /^refused: 0 loaded; 1 refused; DetectionRules\/bad:3: broken/);
  assert.equal(said.get("list"), "applied: no rule of its own: it changes what stands before");
  assert.match(said.get("off") ?? "", /^applied: switched off/);
  assert.match(said.get("odd") ?? "", /^refused: .*the document is falco, and the resource says format sigma/);
  assert.match(said.get("wrong") ?? "", /^refused: text: /);
});

test("rules are put anew only when they have changed, and in the order built-in, folder, wide scopes, narrow scopes", async (t) => {
  const folder = await folderWith(t, { "a.yaml": "- rule: folder\n" });
  const made = scene({ folder });
  const side = await createDetectSide(made.options);
  const resources = [resource("n", "- rule: node\n", { scope: "node/c/n" }), resource("z", "- rule: all\n")];
  side.setResources(resources);
  side.setResources([...resources]);
  assert.equal(made.replaced.length, 1);
  assert.deepEqual(
    made.replaced[0]?.summaries.map(({ name }) => name),
    ["folder", "all", "node"],
  );
  await side.look();
  assert.equal(made.replaced.length, 1);
  await writeFile(path.join(folder, "a.yaml"), "- rule: changed\n");
  await utimes(path.join(folder, "a.yaml"), new Date(), new Date(Date.now() + 5000));
  await side.look();
  assert.deepEqual(
    made.replaced[1]?.summaries.map(({ name }) => name),
    ["changed", "all", "node"],
  );
  await rm(path.join(folder, "a.yaml"));
  await side.look();
  assert.deepEqual(
    made.replaced[2]?.summaries.map(({ name }) => name),
    ["all", "node"],
  );
});

test("a folder that is not there is a problem, and the built-in rules stay", async () => {
  const made = scene({ folder: "/does/not/exist", isBuiltin: true });
  const side = await createDetectSide(made.options);
  const report = side.report();
  assert.match(report.problems[0] ?? "", /\/does\/not\/exist:1: the folder cannot be read/);
  assert.equal(report.refused, 1);
  assert.ok(report.loaded >= 40, `${report.loaded} built-in rules`);
});

test("switched off: nothing is judged, and each resource says so", () => {
  const side = neverDetecting("detect.enabled is off on this node");
  side.setResources([resource("shop", "- rule: x\n")]);
  assert.deepEqual(
    side.statuses().map(({ name, state, because }) => [name, state, because]),
    [["shop", "refused", "detect.enabled is off on this node"]],
  );
  assert.deepEqual([side.report().enabled, side.report().because], [false, "detect.enabled is off on this node"]);
});

test("what a rate limit kept back is told with the names of the rules", async () => {
  const { options } = scene();
  const kept = { scan: 0, dropper: 0 };
  const side = await createDetectSide({
    ...options,
    createDetector: (given) => {
      const detector = options.createDetector(given);
      return {
        ...detector,
        stats: () => ({ ...detector.stats(), suppressed: kept.scan + kept.dropper }),
        rules: () => (["scan", "dropper"] as const).map((name) => ({ ...stateOf(name, "f"), suppressed: kept[name] })),
      };
    },
  });
  const told = (): readonly string[] =>
    side.takeLosses().map(({ rows, detail }) => `${rows} ${detail.split("many")[1]}`);
  assert.deepEqual(told(), []);
  Object.assign(kept, { scan: 1, dropper: 12 });
  assert.deepEqual(told(), ["13 : dropper 12, scan 1"]);
  kept.scan = 4;
  assert.deepEqual(told(), ["3 : scan 3"]);
  assert.deepEqual(told(), []);
});

test("what rules forgot is told with their names, each loss once, also after they were loaded anew", async () => {
  const { options } = scene();
  const dropped = { scan: 0, dropper: 0 };
  let ofReplaced = 0;
  const side = await createDetectSide({
    ...options,
    createDetector: (given) => {
      const detector = options.createDetector(given);
      return {
        ...detector,
        stats: () => ({ ...detector.stats(), statesDropped: ofReplaced + dropped.scan + dropped.dropper }),
        rules: () =>
          (["scan", "dropper"] as const).map((name) => ({ ...stateOf(name, "f"), stateDropped: dropped[name] })),
      };
    },
  });
  const told = (): readonly string[] =>
    side.takeLosses().map(({ rows, detail }) => `${rows} ${detail.split("limits")[1]}`);
  assert.deepEqual(told(), []);
  dropped.scan = 2;
  dropped.dropper = 137;
  assert.deepEqual(told(), ["139 : dropper 137, scan 2"]);
  assert.deepEqual(told(), []);
  dropped.scan = 3;
  assert.deepEqual(told(), ["1 : scan 1"]);
  ofReplaced = 140;
  Object.assign(dropped, { scan: 1, dropper: 0 });
  assert.deepEqual(told(), ["1 : scan 1"]);
});
