import assert from "node:assert/strict";
import { test } from "node:test";
import { AnyEvent } from "../../../src/apps/server/contract/telemetry.ts";
import { eventKey, eventKindWords, eventOutcome, eventProcess, eventSubject, eventTitle } from "./event-text.ts";

function event(given: Record<string, unknown>): AnyEvent {
  return AnyEvent.parse({ time: "2026-11-23T07:00:00.000Z", startTime: "2026-11-23T07:00:00.000Z", ...given });
}

const cases: readonly (readonly [Record<string, unknown>, string, string, boolean])[] = [
  [{ kind: "process", action: "exec", name: "curl", arguments: ["curl", "-s", "x"] }, "curl -s x", "exec", false],
  [
    { kind: "process", action: "running", name: "sshd", executable: "/usr/sbin/sshd" },
    "/usr/sbin/sshd",
    "running",
    false,
  ],
  [{ kind: "process", action: "exit", name: "sh", exitCode: 1 }, "sh ended", "exit 1", true],
  [{ kind: "process", action: "exit", name: "sh", signal: 9, exitCode: -1 }, "sh ended", "signal 9", true],
  [
    { kind: "dns", reporter: "sensor", question: "a.b", questionType: "A", responseCode: "NXDOMAIN" },
    "A a.b",
    "NXDOMAIN",
    true,
  ],
  [
    { kind: "dns", reporter: "sensor", question: "a.b", questionType: "A", responseCode: "NOERROR" },
    "A a.b",
    "NOERROR",
    false,
  ],
  [{ kind: "http", reporter: "source", method: "GET", host: "h", path: "/p", status: 503 }, "GET h/p", "503", true],
  [{ kind: "http", reporter: "source", method: "GET", host: "h", path: "/p" }, "GET h/p", "no answer seen", false],
  [{ kind: "file", action: "rename", path: "/a", targetPath: "/b", count: 3 }, "rename /a → /b", "3 times", false],
  [
    { kind: "kubernetes", type: "Warning", reason: "BackOff", objectKind: "Pod", objectName: "x", message: "m" },
    "BackOff Pod/x: m",
    "Warning",
    true,
  ],
  [
    {
      kind: "inventory",
      action: "changed",
      objectKind: "Deployment",
      objectName: "web",
      change: "image web:1 -> web:2",
    },
    "Deployment web: image web:1 -> web:2",
    "changed",
    false,
  ],
  [
    { kind: "inventory", action: "changed", objectKind: "Pod", objectName: "w-1", change: "container w: OOMKilled" },
    "Pod w-1: container w: OOMKilled",
    "changed",
    true,
  ],
  [
    { kind: "inventory", action: "removed", objectKind: "Service", objectName: "web" },
    "Service web removed",
    "removed",
    false,
  ],
  [
    { kind: "audit", user: "u", verb: "get", resource: "pods", name: "x", responseCode: 403 },
    "u get pods/x",
    "403",
    true,
  ],
  [{ kind: "security", severity: "high", rule: "r", title: "" }, "r", "high", true],
  [
    {
      kind: "waf",
      verdict: "blocked",
      mode: "block",
      method: "GET",
      host: "shop",
      path: "/q",
      ruleIds: [942100, 949110],
      messages: ["SQL injection", "Score exceeded"],
      scores: [5, 0],
    },
    "GET shop/q: SQL injection",
    "blocked",
    true,
  ],
  [{ kind: "log", body: "hello", severityText: "INFO", severityNumber: 9 }, "hello", "INFO", false],
  [{ kind: "span", name: "GET /", durationUs: 1500 }, "GET /", "1.5 ms", false],
];

test("every kind has its line", () => {
  for (const [given, title, text, bad] of cases) {
    const parsed = event(given);
    assert.deepEqual([eventTitle(parsed), eventOutcome(parsed)], [title, { text, bad }]);
  }
  assert.deepEqual(new Set(cases.map(([{ kind }]) => kind)), new Set(Object.keys(eventKindWords)));
});

test("process and key", () => {
  assert.equal(eventProcess(event({ kind: "process", action: "exec", name: "curl" })), "curl");
  assert.equal(eventProcess(event({ kind: "audit" })), "");
  assert.notEqual(eventKey(event({ kind: "log", body: "a" })), eventKey(event({ kind: "log", body: "b" })));
});

test("who an event is about; the audit log has a reason of its own", () => {
  const known = { namespace: "shop", workload: "web", workloadKind: "Deployment" };
  for (const kind of ["audit", "inventory"])
    assert.deepEqual(eventSubject(event({ kind, action: "seen", objectKind: "Pod", ...known })), {
      namespace: "shop",
      kind: "Deployment",
      name: "web",
      reason: "",
    });
  assert.equal(eventSubject(event({ kind: "audit", workloadReason: "deleted" })).reason, "deleted");
  assert.equal(eventSubject(event({ kind: "log", identityReason: "no runtime" })).reason, "no runtime");
});
