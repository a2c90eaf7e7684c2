import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { matches, noiseValue, repositoryOf, type NoiseDetection } from "./noise-fields.ts";
import { suggestExceptions, type SuggestInput } from "./suggest.ts";

const dayMs = 86_400_000;
const noise: NoiseDetection = {
  id: "a-1",
  timeMs: 20_000 * dayMs,
  count: 1,
  severityRank: 2,
  namespace: "shop",
  workload: "web",
  process: "curl",
  processId: "p1",
  executable: "/usr/bin/curl",
  ancestors: ["sh", "nginx"],
  image: "registry.example:5000/shop/web:1.42@sha256:00",
  outputFields: ["fd.name=/var/cache/app/1.tmp"],
};

/** Three days, five a day. */
const habit: readonly NoiseDetection[] = Array.from({ length: 15 }, (_, index) => ({
  ...noise,
  id: `a-${index}`,
  processId: `p${index}`,
  timeMs: noise.timeMs + (index % 3) * dayMs + index,
  outputFields: [`fd.name=/var/cache/app/${index}.tmp`],
}));

function suggest(detections: readonly NoiseDetection[], over: Partial<SuggestInput> = {}) {
  return suggestExceptions({
    namespace: "shop",
    workload: "web",
    detections,
    real: new Set(),
    spokenOf: new Map(),
    ...over,
  });
}

test("all stable fields are named, paths by their directory, images without tag and digest", () => {
  const { suggestions, covers, of, because } = suggest(habit);
  assert.equal(because, "");
  assert.deepEqual([suggestions.length, covers, of], [1, 15, 15]);
  assert.deepEqual(
    suggestions[0]?.fields.map(({ field, comparison, value }) => `${field} ${comparison} ${value}`),
    [
      "k8s.ns.name = shop",
      "container.image.repository = registry.example:5000/shop/web",
      "proc.name = curl",
      "proc.pname = sh",
      "proc.exepath = /usr/bin/curl",
      "fd.name startswith /var/cache/app/",
    ],
  );
  assert.equal(suggestions[0]?.daysSeen, 3);
});

test("a field that varies is left out, one with few values gives several exceptions", () => {
  const varied = habit.map((each, index) => ({
    ...each,
    process: index < 10 ? "curl" : "wget",
    executable: `/run/${index}/curl`,
  }));
  const { suggestions, covers } = suggest(varied);
  assert.deepEqual(
    suggestions.map(({ fields, covers: own }) => [fields.find(({ field }) => field === "proc.name")?.value, own]),
    [
      ["curl", 10],
      ["wget", 5],
    ],
  );
  assert.equal(covers, 15);
  assert.ok(suggestions.every(({ fields }) => fields.every(({ field }) => field !== "proc.exepath")));
});

test("the impact counts what it silences elsewhere", () => {
  const elsewhere = { ...noise, id: "b-1", workload: "api", count: 4 };
  const different = { ...noise, id: "b-2", workload: "api", process: "bash", count: 7 };
  const [suggestion] = suggest([...habit, elsewhere, different]).suggestions;
  assert.deepEqual([suggestion?.silences, suggestion?.ruleTotal], [19, 26]);
  assert.deepEqual(suggestion?.others, [{ namespace: "shop", workload: "api", count: 4 }]);
});

test("what a person marked, what is more severe, and what did worse is never silenced, and is counted", () => {
  const cases: readonly (readonly [readonly NoiseDetection[], Partial<SuggestInput>, RegExp])[] = [
    [habit, { real: new Set(["a-7"]) }, /marked/],
    [[...habit, { ...noise, id: "c", workload: "api", severityRank: 0 }], {}, /more severe than the noise/],
    [habit, { spokenOf: new Map([["p3", 1]]) }, /same process/],
  ];
  for (const [detections, over, reason] of cases) {
    const { suggestions, kept, because } = suggest(detections, over);
    assert.deepEqual(suggestions, []);
    assert.equal(kept[0]?.count, 15);
    assert.match(kept[0]?.because ?? "", reason);
    assert.match(because, /hide/);
  }
  // Another rule that said less of it does not protect it.
  assert.equal(suggest(habit, { spokenOf: new Map([["p3", 4]]) }).suggestions.length, 1);
});

test("too few, one burst, or nothing that says where: no suggestion, and why", () => {
  assert.match(suggest(habit.slice(0, 2)).because, /too few/);
  assert.match(suggest(habit.slice(0, 4).map((each) => ({ ...each, timeMs: noise.timeMs }))).because, /one day/);
  const placeless = habit.map((each) => ({ ...each, namespace: "", image: "", executable: "" }));
  assert.match(suggest(placeless, { namespace: "" }).because, /everywhere/);
  const faceless = habit.map((each, index) => ({
    ...each,
    process: `p${index}`,
    ancestors: [],
    executable: "",
    outputFields: [],
  }));
  assert.match(suggest(faceless).because, /too wide/);
});

test("whatever the detections are, no suggestion silences a marked or more severe one, and its figures add up", () => {
  const word = fc.constantFrom("", "a", "b");
  const detection = fc.record({
    id: fc.constantFrom("1", "2", "3", "4"),
    timeMs: fc.integer({ min: 0, max: 5 }).map((day) => day * dayMs),
    count: fc.integer({ min: 1, max: 5 }),
    severityRank: fc.integer({ min: 0, max: 4 }),
    namespace: word,
    workload: word,
    process: word,
    processId: word,
    executable: fc.constantFrom("", "/bin/a", "/bin/b"),
    ancestors: fc.array(word, { maxLength: 2 }),
    image: fc.constantFrom("", "i:1", "j"),
    outputFields: fc.constantFrom([], ["fd.name=/x/y"], ["fd.name=<NA>"]),
  });
  fc.assert(
    fc.property(fc.array(detection, { maxLength: 40 }), fc.constantFrom("1", "9"), (detections, marked) => {
      const input = {
        namespace: "a",
        workload: "a",
        detections,
        real: new Set([marked]),
        spokenOf: new Map([["b", 0]]),
      };
      const { suggestions, of } = suggestExceptions(input);
      for (const { fields, covers, silences, ruleTotal } of suggestions) {
        const silenced = detections.filter((each) => matches(each, fields));
        assert.ok(silenced.every(({ id }) => id !== marked));
        assert.equal(
          silences,
          silenced.reduce((sum, { count }) => sum + count, 0),
        );
        assert.ok(covers > 0 && covers <= of && covers <= silences && silences <= ruleTotal);
      }
    }),
  );
});

test("values that cannot be written on a line are not named", () => {
  assert.equal(noiseValue({ ...noise, process: "a\nb" }, "proc.name"), "");
  assert.equal(noiseValue({ ...noise, process: "x".repeat(300) }, "proc.name"), "");
  assert.equal(noiseValue({ ...noise, namespace: "host" }, "k8s.ns.name"), "");
  assert.equal(noiseValue({ ...noise, outputFields: ["fd.name=10.0.0.1:1->10.0.0.2:2"] }, "fd.name"), "");
});

test("repositories", () => {
  for (const [image, expected] of [
    ["nginx", "nginx"],
    ["nginx:1.27", "nginx"],
    ["host:5000/a/b", "host:5000/a/b"],
    ["host:5000/a/b:2@sha256:1", "host:5000/a/b"],
  ] as const)
    assert.equal(repositoryOf(image), expected);
});
