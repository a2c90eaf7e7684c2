import assert from "node:assert/strict";
import { test } from "node:test";
import { applyNote, meantWords } from "./apply-notes.ts";

const of = (spec: Readonly<Record<string, unknown>>, kind = "RuntimePolicy") =>
  applyNote({ apiVersion: "garrison/v1", kind, scope: "global", name: "web", spec });

test("a foreign policy is told to be a dry run, with the way to enforce it", () => {
  const manifest = { apiVersion: "security.kubearmor.com/v1", kind: "KubeArmorPolicy", metadata: {}, spec: {} };
  assert.match(of({ manifest }), /^web is a dry run now.*garrison get RuntimePolicy web -o yaml.*mode: enforce/);
  assert.equal(of({ manifest, mode: "enforce" }), "");
});

test("a policy without a rule does nothing, and is told so", () => {
  assert.match(of({}), /^web has no rule/);
  assert.match(of({ exec: [], only: { exec: false } }), /^web has no rule/);
  for (const spec of [{ exec: [{ path: "/bin/sh" }] }, { only: { exec: true } }, { hold: { action: "freeze" } }])
    assert.equal(of(spec), "");
  assert.equal(of({}, "Visibility"), "");
});

test("a bare list of Falco rules is told how it becomes a resource", () => {
  assert.match(meantWords([{ macro: "x", condition: "y" }]), /kind: DetectionRules/);
  for (const value of [[], [1], { rule: "x" }, "rule", undefined]) assert.equal(meantWords(value), "");
});
