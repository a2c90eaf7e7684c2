// Drafts of exceptions: names that a resource may have, scopes from narrow to wide.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Exception } from "../../../../src/model/exception.ts";
import { ResourceName } from "../../../../src/model/resource.ts";
import { anyVersion, exceptionName, repositoryOf, scopeFor, scopeText, widths } from "./exception-words.ts";

const from = {
  match: { vulnerability: "CVE-2026-1", purl: "pkg:npm/%40angular/core@17.0.0?arch=x#y" },
  digest: "sha256:ab",
  reference: "localhost:5000/shop/web:1.2",
};

test("a package URL loses its version, a reference its tag and digest; ports and scopes stay", () => {
  assert.equal(anyVersion(from.match.purl), "pkg:npm/%40angular/core");
  assert.equal(anyVersion("pkg:deb/debian/zlib1g@1:1.2.13"), "pkg:deb/debian/zlib1g");
  assert.equal(repositoryOf(from.reference), "localhost:5000/shop/web");
  assert.equal(repositoryOf("nginx@sha256:ab"), "nginx");
  assert.equal(repositoryOf("localhost:5000/web"), "localhost:5000/web");
});

test("each width is a scope that the schema takes, and can be said", () => {
  for (const width of widths) {
    const spec = {
      vulnerability: "CVE-2026-1",
      scope: scopeFor(width, from),
      reason: "r",
      owner: "o",
      expires: "2026-12-31",
    };
    assert.notEqual(scopeText(Exception.parse(spec)), "");
  }
  assert.equal(scopeText({ scope: { any: true } }), "anywhere");
});

test("names are names of resources, whatever they are made from", () => {
  for (const where of ["shop/web:1", "ÄÖ", "", "-".repeat(300), "x".repeat(400)])
    assert.ok(ResourceName.safeParse(exceptionName("CVE-2026-1", where)).success, where);
  assert.ok(ResourceName.safeParse(exceptionName("", "")).success);
});
