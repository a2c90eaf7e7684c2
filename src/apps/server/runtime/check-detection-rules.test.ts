import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../../base/fault.ts";
import type { ResourceManifest } from "../../../model/resource.ts";
import { checkDetectionRules } from "./check-detection-rules.ts";

function manifest(text: string, over: object = {}): ResourceManifest {
  return {
    apiVersion: "garrison/v1",
    kind: "DetectionRules",
    scope: "global",
    name: "shop",
    spec: { format: "auto", text, enabled: true, ...over },
  };
}

const rule = (condition: string) =>
  `- rule: Shop\n  desc: d\n  condition: ${condition}\n  output: o\n  priority: NOTICE\n`;

test("rules without an error pass; so does what stands on a node's own folder, and what is switched off", () => {
  checkDetectionRules(manifest(rule("evt.type = execve and proc.name = nc and garrison_container")));
  checkDetectionRules(
    manifest("- rule: Of the folder\n  condition: and not proc.name = x\n  override: {condition: append}\n"),
  );
  checkDetectionRules(manifest(rule("evt.type = execve and macro_of_the_folder")));
  checkDetectionRules(manifest(rule("proc.nmae = nc"), { enabled: false }));
});

const refused: readonly (readonly [string, ResourceManifest, RegExp])[] = [
  [
    "an unknown field names its line and the nearest",
    manifest(rule("evt.type = execve and proc.nmae = nc")),
    /line 1: Shop: .*proc\.nmae.*proc\.name/,
  ],
  [
    "a second broken rule has its own line",
    manifest(`${rule("evt.type = execve")}\n${rule("proc.name = (")}`),
    /line 7: Shop/,
  ],
  ["no YAML", manifest("- rule: ["), /line 1/],
  [
    "another form than was said",
    manifest(rule("evt.type = execve"), { format: "sigma" }),
    /line 1: the document is falco/,
  ],
];

test("errors are named by line", () => {
  for (const [what, given, message] of refused) {
    assert.throws(
      () => checkDetectionRules(given),
      (thrown) => thrown instanceof Fault && thrown.code === "runtime/detection-rules" && message.test(thrown.message),
      what,
    );
  }
});
