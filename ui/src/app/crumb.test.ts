import assert from "node:assert/strict";
import { test } from "node:test";
import { crumbOf } from "./crumb.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const cases = [
  ["/detections", undefined, undefined],
  ["/detections/16rjw-a1f00c41d3b2e001", undefined, { text: "Detection", title: "16rjw-a1f00c41d3b2e001" }],
  [
    "/detections/16rjw-a1f00c41d3b2e001",
    "Kernel module is loaded",
    { text: "Kernel module is loaded", title: "16rjw-a1f00c41d3b2e001" },
  ],
  [`/images/${encodeURIComponent(digest)}`, undefined, { text: "sha256:0123456789ab", title: digest }],
  ["/workloads/local/host/SystemdUnit/ssh%40a.service", undefined, { text: "ssh@a.service", title: "ssh@a.service" }],
] as const;

for (const [path, name, expected] of cases)
  test(`${path} ${name ?? ""} is called ${expected?.text ?? "by its screen"}`, () => {
    assert.deepEqual(crumbOf(path, name), expected);
  });
