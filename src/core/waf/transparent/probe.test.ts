// Requests that are a kubelet's probe, and those that only look like one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isPlainProbe } from "./probe.ts";

const headers = [
  ["Host", "10.1.0.3:8080"],
  ["User-Agent", "kube-probe/1.33"],
  ["Accept", "*/*"],
  ["Connection", "close"],
] as const;
const probe = { method: "GET", target: "/healthz", headers };

test("a kubelet's probe, and what is none", () => {
  const with_ = (name: string, value: string) => ({ ...probe, headers: [...headers, [name, value] as const] });
  const cases: readonly (readonly [string, Parameters<typeof isPlainProbe>[0], boolean])[] = [
    ["as it comes", probe, true],
    ["by IPv6", { ...probe, headers: [["Host", "[fd01::3]:8080"], ...headers.slice(1)] }, true],
    ["root", { ...probe, target: "/" }, true],
    ["deeper", { ...probe, target: "/api/v1.2/ready_now" }, true],
    ["compressed", with_("Accept-Encoding", "gzip"), true],
    ["POST", { ...probe, method: "POST" }, false],
    ["query", { ...probe, target: "/healthz?full" }, false],
    ["encoded", { ...probe, target: "/%2e%2e/etc" }, false],
    ["relative", { ...probe, target: "/a/../b" }, false],
    ["hidden", { ...probe, target: "/.env" }, false],
    ["absolute", { ...probe, target: "http://a/healthz" }, false],
    ["long", { ...probe, target: `/${"a".repeat(128)}` }, false],
    ["a header more", with_("X-Forwarded-For", "1.2.3.4"), false],
    ["a body", with_("Content-Length", "3"), false],
    ["twice", with_("Accept", "*/*"), false],
    ["another agent", { ...probe, headers: [["User-Agent", "curl/8"]] }, false],
    ["an agent with more", { ...probe, headers: [["User-Agent", "kube-probe/1.33 ' or 1=1"]] }, false],
    ["no agent", { ...probe, headers: headers.slice(2) }, false],
    ["a host with more", { ...probe, headers: [["Host", "a'--"], ...headers.slice(1)] }, false],
  ];
  for (const [name, head, expected] of cases) assert.equal(isPlainProbe(head), expected, name);
});
