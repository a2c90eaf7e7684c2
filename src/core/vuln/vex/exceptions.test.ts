// Exceptions: every given field of the scope must hold, and the day of expiry still counts.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Exception } from "../../../model/exception.ts";
import { SoftwarePackage } from "../../../model/software-package.ts";
import { exceptionEnd, exceptionFor, exceptionState, readyExceptions } from "./exceptions.ts";
import { matchesGlob } from "./glob.ts";
import { namesOfPackage } from "./image-subject.ts";

const subject = SoftwarePackage.parse({
  type: "npm",
  name: "a",
  version: "1.0.0",
  cataloger: "t",
  evidence: [{ path: "/app/node_modules/a/package.json", kind: "manifest" }],
});
const image = {
  references: ["registry.example:5000/shop/web:1.2", "nginx"],
  digests: [`sha256:${"a".repeat(64)}`],
  workloads: ["shop/web"],
  packages: [subject],
};
const nowMs = Date.parse("2026-06-15T12:00:00Z");

interface Given {
  readonly vulnerability?: string;
  readonly expires?: string;
  readonly paths?: readonly string[];
  readonly workloads?: readonly string[];
  readonly references?: readonly string[];
}

function holds(scope: object, given: Given = {}): boolean {
  const spec = Exception.parse({
    vulnerability: given.vulnerability ?? "CVE-2026-1",
    scope,
    reason: "r",
    owner: "o",
    expires: given.expires ?? "2026-12-31",
  });
  const ready = readyExceptions(
    [{ name: "e", spec }],
    { ...image, workloads: given.workloads ?? image.workloads, references: given.references ?? image.references },
    nowMs,
  );
  const paths = given.paths ?? subject.evidence.map(({ path }) => path);
  return (
    exceptionFor({ names: ["CVE-2026-1", "GHSA-1"], paths, package: namesOfPackage(subject) }, ready) !== undefined
  );
}

test("scopes", () => {
  const yes: readonly object[] = [
    { any: true },
    { repository: "registry.example:5000/shop/*" },
    { repository: "docker.io/library/nginx" },
    { image: "registry.example:5000/shop/web:1.2" },
    { image: "nginx:latest" },
    { image: image.digests[0] ?? "" },
    { workload: "shop/*" },
    { path: "/app/**" },
    { purl: "pkg:npm/a" },
    { purl: "pkg:npm/a@1.0.0", repository: "**", path: "/app/node_modules/*/package.json", workload: "shop/web" },
  ];
  const no: readonly object[] = [
    { repository: "registry.example:5000/*" },
    { image: "registry.example:5000/shop/web:1.3" },
    { image: `sha256:${"b".repeat(64)}` },
    { workload: "shop/db" },
    { path: "/app/*" },
    { purl: "pkg:npm/a@2" },
    { purl: "pkg:npm/%zz" },
    { purl: "pkg:npm/a?x=y" },
    { any: true, path: "/usr/**" },
  ];
  for (const scope of yes) assert.ok(holds(scope), JSON.stringify(scope));
  for (const scope of no) assert.ok(!holds(scope), JSON.stringify(scope));
  assert.ok(holds({ any: true }, { vulnerability: "ghsa-1" }));
  assert.ok(!holds({ any: true }, { vulnerability: "CVE-2026-2" }));
  assert.ok(holds({ purl: "pkg:npm/a" }, { vulnerability: "*" }));
  assert.ok(!holds({ any: true }, { vulnerability: "*" }), "everything of everywhere is nobody's decision");
  assert.ok(!holds({ path: "/app/**" }, { paths: ["/app/x", "/usr/x"] }), "every place must be covered");
  assert.ok(!holds({ path: "/app/**" }, { paths: [] }));
});

test("a workload's exception holds when every workload that runs the image is meant, and one at least runs it", () => {
  assert.ok(holds({ workload: "shop/*" }, { workloads: ["shop/a", "shop/b"] }));
  assert.ok(!holds({ workload: "shop/a" }, { workloads: ["shop/a", "shop/b"] }), "it would be silent for shop/b");
  assert.ok(!holds({ workload: "shop/a" }, { workloads: [] }), "nobody knows what runs it");
});

test("an image's tag is not meant when the image is only named by another digest", () => {
  const digest = `sha256:${"b".repeat(64)}`;
  assert.ok(!holds({ image: "shop.example/web:latest" }, { references: [`shop.example/web@${digest}`] }));
  assert.ok(holds({ image: "shop.example/web:latest" }, { references: ["shop.example/web"] }));
  assert.ok(holds({ image: "shop.example/web:1.2" }, { references: [`shop.example/web:1.2@${digest}`] }));
  assert.ok(holds({ repository: "shop.example/web" }, { references: [`shop.example/web@${digest}`] }));
});

test("the day of expiry counts until its end, in UTC; a moment until it is there; the end is told beforehand", () => {
  assert.equal(exceptionEnd({ expires: "2026-06-15" }), Date.parse("2026-06-16T00:00:00Z"));
  assert.ok(holds({ any: true }, { expires: "2026-06-15" }));
  assert.ok(!holds({ any: true }, { expires: "2026-06-14" }));
  assert.ok(holds({ any: true }, { expires: "2026-06-15T12:00:01Z" }));
  assert.ok(!holds({ any: true }, { expires: "2026-06-15T12:00:00Z" }));
  const state = (expires: string): string =>
    exceptionState(
      Exception.parse({ vulnerability: "x", scope: { any: true }, reason: "r", owner: "o", expires }),
      nowMs,
    );
  assert.deepEqual(["2026-06-14", "2026-06-20", "2026-07-20"].map(state), ["expired", "ends-soon", "in-force"]);
});

test("patterns: one star stays in its segment, two go across; no text takes long", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["a*c", "abc", true],
    ["a*c", "a/c", false],
    ["a**c", "a/b/c", true],
    ["**/x", "a/b/x", true],
    ["*", "", true],
    ["a/*/c", "a/b/c", true],
    ["a/*/c", "a/b/b/c", false],
    ["**a*b", "x/ab", true],
    ["a.c", "abc", false],
    ["", "", true],
    ["ü*", "üx", true],
  ];
  for (const [pattern, text, expected] of cases)
    assert.equal(matchesGlob(pattern, text), expected, `${pattern} ${text}`);
  assert.equal(matchesGlob("*a".repeat(300), "a".repeat(2000)), true);
  assert.equal(matchesGlob(`${"*a".repeat(300)}b`, "a".repeat(2000)), false);
});

test("property: patterns agree with the regular expression they stand for", () => {
  const pattern = fc.array(fc.constantFrom("*", "**", "a", "/", "b"), { maxLength: 6 }).map((parts) => parts.join(""));
  const text = fc.array(fc.constantFrom("a", "b", "/"), { maxLength: 8 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(pattern, text, (given, on) => {
      const tokens = given.match(/\*\*|\*|[^*]/g) ?? [];
      const expression = tokens.map((token) => (token === "**" ? ".*" : token === "*" ? "[^/]*" : token)).join("");
      assert.equal(matchesGlob(given, on), new RegExp(`^${expression}$`, "s").test(on));
    }),
    { numRuns: 500 },
  );
});
