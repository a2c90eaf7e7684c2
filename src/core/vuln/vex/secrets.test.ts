// Exceptions over secrets: an accepted one stays in the list and says who accepted it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Exception } from "../../../model/exception.ts";
import type { SecretFinding } from "../../../model/image-analysis.ts";
import { ReportedSecret } from "../../../model/vulnerability-match.ts";
import { suppressSecrets } from "./secrets.ts";

const secret = (rule: string, path: string): SecretFinding => ({
  rule,
  title: "a key",
  severity: "critical",
  path,
  layer: 0,
  line: 1,
  redacted: "-----BEGIN",
  isHidden: false,
});
const secrets = [
  secret("private-key", "/etc/ssl/key.pem"),
  secret("private-key", "/app/key.pem"),
  secret("x", "/etc/x"),
];
const image = { references: ["nginx"], digests: [], workloads: ["shop/a", "shop/b"], packages: [] };
const nowMs = Date.parse("2026-06-15T12:00:00Z");

function suppressedBy(given: object): readonly string[] {
  const spec = Exception.parse({ reason: "a test's key", owner: "web", expires: "2026-12-31", ...given });
  const reported = suppressSecrets(secrets, { exceptions: [{ name: "e", spec }], image, nowMs });
  assert.deepEqual(
    reported.map(({ rule, path }) => `${rule} ${path}`),
    secrets.map(({ rule, path }) => `${rule} ${path}`),
    "nothing is taken away",
  );
  return reported.filter(({ suppressed }) => suppressed !== undefined).map(({ path }) => path);
}

test("an accepted secret stays, with who, why and until when", () => {
  const spec = Exception.parse({
    vulnerability: "secret/private-key",
    scope: { path: "/etc/**" },
    reason: "a test's key",
    owner: "web",
    expires: "2026-12-31",
  });
  const [accepted, other] = suppressSecrets(secrets, { exceptions: [{ name: "e", spec }], image, nowMs });
  assert.deepEqual(ReportedSecret.parse(accepted).suppressed, {
    by: "exception",
    name: "e",
    status: "accepted",
    justification: "",
    reason: "a test's key",
    owner: "web",
    expiresAt: "2026-12-31",
  });
  assert.ok(other !== undefined && !("suppressed" in other));
  assert.deepEqual(suppressSecrets(secrets, { exceptions: [], image, nowMs }), secrets);
});

test("which secrets an exception is about", () => {
  const rule = "secret/private-key";
  assert.deepEqual(suppressedBy({ vulnerability: rule, scope: { any: true } }), ["/etc/ssl/key.pem", "/app/key.pem"]);
  assert.deepEqual(suppressedBy({ vulnerability: "*", scope: { path: "/etc/**" } }), ["/etc/ssl/key.pem", "/etc/x"]);
  assert.deepEqual(suppressedBy({ vulnerability: rule, scope: { repository: "postgres" } }), []);
  assert.deepEqual(suppressedBy({ vulnerability: rule, scope: { workload: "shop/a" } }), []);
  assert.deepEqual(suppressedBy({ vulnerability: rule, scope: { purl: "pkg:npm/a" } }), []);
  assert.deepEqual(suppressedBy({ vulnerability: rule, scope: { any: true }, expires: "2026-06-14" }), []);
  assert.deepEqual(suppressedBy({ vulnerability: rule, scope: { any: true }, status: "under_investigation" }), []);
});
