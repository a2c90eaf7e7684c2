import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../base/fault.ts";
import { familiarReference, formatReference, isDigest, parseReference, tagOf } from "./reference.ts";

const hex = "a".repeat(64);
const digest = `sha256:${hex}`;

test("references are read as docker reads them", () => {
  const cases: readonly (readonly [string, string, string, string, string])[] = [
    ["nginx", "docker.io", "library/nginx", "", ""],
    ["nginx:1.27", "docker.io", "library/nginx", "1.27", ""],
    ["docker.io/nginx", "docker.io", "library/nginx", "", ""],
    ["index.docker.io/nginx", "docker.io", "library/nginx", "", ""],
    ["docker.io/library/nginx", "docker.io", "library/nginx", "", ""],
    ["grafana/loki:main", "docker.io", "grafana/loki", "main", ""],
    ["localhost/web", "localhost", "web", "", ""],
    ["localhost:5000/web", "localhost:5000", "web", "", ""],
    ["localhosts/web", "docker.io", "localhosts/web", "", ""],
    ["nginx:5000", "docker.io", "library/nginx", "5000", ""],
    ["a:5000/web", "a:5000", "web", "", ""],
    ["a:5000/web:1@" + digest, "a:5000", "web", "1", digest],
    ["ghcr.io/x@" + digest, "ghcr.io", "x", "", digest],
    ["[::1]:5000/web:x", "[::1]:5000", "web", "x", ""],
    ["[fd00::5]/web", "[fd00::5]", "web", "", ""],
    ["Registry/web", "Registry", "web", "", ""],
    ["reg.example/a/b-c/d__e/f.g/h--i:V_1.2-x", "reg.example", "a/b-c/d__e/f.g/h--i", "V_1.2-x", ""],
    [`x@sha512:${"0".repeat(128)}`, "docker.io", "library/x", "", `sha512:${"0".repeat(128)}`],
    ["127.0.0.1:5000/a", "127.0.0.1:5000", "a", "", ""],
  ];
  for (const [text, registry, repository, tag, of] of cases) {
    assert.deepEqual(parseReference(text), { registry, repository, tag, digest: of }, text);
  }
});

test("what docker refuses is refused with a reason", () => {
  const cases = [
    ["", /empty/],
    ["Nginx", /lower case/],
    ["repo/Web", /lower case/],
    ["nginx:", /tag/],
    ["nginx:-x", /tag/],
    [`nginx:${"a".repeat(129)}`, /tag/],
    ["nginx@", /digest/],
    ["nginx@sha256:abc", /digest/],
    [`nginx@sha256:${"A".repeat(64)}`, /digest/],
    [`nginx@sha256:${"a".repeat(63)}`, /digest/],
    [hex, /image id/],
    ["https://ghcr.io/x", /begins with https/],
    ["docker://nginx", /begins with docker/],
    ["a//b", /repository/],
    ["/a", /repository/],
    ["a/", /repository/],
    ["a/-b", /repository/],
    ["a/b___c", /repository/],
    ["a/b..c", /repository/],
    ["-x.example/a", /host name/],
    ["x.example:port/a", /host name/],
    ["[gg::]/a", /host name/],
    ["a b", /repository/],
    ["x.example/../etc", /repository/],
    [`x/${"a".repeat(256)}`, /longer than 255/],
    ["x".repeat(5000), /too long/],
    ["a\u0000b", /repository/],
  ] as const;
  for (const [text, why] of cases) {
    assert.throws(
      () => parseReference(text),
      (thrown) => thrown instanceof Fault && thrown.code === "image/bad-reference" && why.test(thrown.message),
      text,
    );
  }
});

test("an error never prints control characters", () => {
  assert.throws(() => parseReference("a\u001b[31m\u202eb"), /"a\?\[31m\?b"/);
});

test("the tag that is meant", () => {
  assert.equal(tagOf(parseReference("nginx")), "latest");
  assert.equal(tagOf(parseReference("nginx:1")), "1");
  assert.equal(tagOf(parseReference(`nginx@${digest}`)), "");
});

test("names for people", () => {
  assert.equal(familiarReference(parseReference("docker.io/library/nginx:1")), "nginx:1");
  assert.equal(familiarReference(parseReference("grafana/loki")), "grafana/loki");
  assert.equal(familiarReference(parseReference("docker.io/library/a/b")), "library/a/b");
  assert.equal(familiarReference(parseReference("ghcr.io/a/b:2")), "ghcr.io/a/b:2");
});

test("any text is a reference that reads back the same, or a Fault", () => {
  const part = fc.stringMatching(/^[a-zA-Z0-9_.:/@[\]-]{0,30}$/);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        part,
        fc.tuple(part, part).map((two) => two.join("/")),
      ),
      (text) => {
        try {
          const reference = parseReference(text);
          assert.deepEqual(parseReference(formatReference(reference)), reference);
          assert.deepEqual(parseReference(familiarReference(reference)), reference);
        } catch (thrown) {
          assert.ok(thrown instanceof Fault, String(thrown));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test("digests", () => {
  assert.ok(isDigest(digest));
  assert.ok(isDigest(`other+b64u:${"0".repeat(40)}`));
  assert.ok(!isDigest("sha256:../../etc"));
  assert.ok(!isDigest(`sha256:${hex}\n`));
});
