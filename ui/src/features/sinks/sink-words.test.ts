// A sink that goes through the form unchanged stays what it was; mistakes are named.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Sink } from "../../../../src/model/sink.ts";
import { draftOf, emptyDraft, fitsForm, namesOf, parseDraft } from "./sink-words.ts";

const specs = [
  { to: { type: "stdout", format: "cef" } },
  { to: { type: "file", path: "x/alerts.jsonl", rotateBytes: 4096, filesMax: 9 }, deadLettersMax: 7 },
  {
    to: {
      type: "syslog",
      host: "siem",
      port: 6514,
      transport: "tls",
      facility: "auth",
      tls: { authorityFile: "ca.pem" },
    },
    filter: { severityMin: "high", rules: ["a", "b*"], rulesExcept: ["c"], tags: ["t"], namespaces: ["shop"] },
    eventsPerMinuteMax: 30,
  },
  {
    to: {
      type: "webhook",
      url: "https://hook.example/x",
      headers: { "x-team": "sec" },
      secretHeaders: { "x-key": { file: "key", prefix: "" } },
      template: { text: "{{rule}}" },
      timeoutSeconds: 3,
    },
    retry: { attemptsMax: 3 },
    enabled: false,
  },
];

for (const given of specs) {
  test(`the form keeps a ${given.to.type} sink`, () => {
    const spec = Sink.parse(given);
    assert.ok(fitsForm(spec));
    assert.deepEqual(parseDraft(draftOf({ name: "a", scope: "global", spec }), spec), { spec, problem: "" });
  });
}

test("another kind takes nothing of the one before", () => {
  const before = Sink.parse(specs[3]);
  const draft = { ...draftOf({ name: "a", scope: "global", spec: before }), type: "stdout" as const };
  assert.deepEqual(parseDraft(draft, before).spec?.to, { type: "stdout", format: "falco" });
});

test("what a form cannot show is not edited in it", () => {
  const to = { type: "webhook", secretUrl: { file: "chat" } };
  assert.equal(fitsForm(Sink.parse({ to })), false);
});

test("mistakes are named", () => {
  const cases = [
    [{}, /^url: name either|^: name either/],
    [{ url: "nonsense" }, /url/],
    [{ url: "https://x.example", template: "{" }, /no JSON/],
    [{ url: "https://x.example", template: '{"a":"{{ruel}}"}' }, /did you mean/],
    [{ type: "syslog", host: "siem", port: "0" }, /port/],
  ] as const;
  for (const [over, expected] of cases) {
    const { spec, problem } = parseDraft({ ...emptyDraft, ...over });
    assert.equal(spec, undefined);
    assert.match(problem, expected);
  }
  assert.deepEqual(namesOf(" a, b\n\nc ,"), ["a", "b", "c"]);
});
