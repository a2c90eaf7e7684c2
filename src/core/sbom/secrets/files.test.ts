import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { fileOf, testTools } from "../../../../test/support/catalog.ts";
import { createSecretSearch, redact } from "./find-secrets.ts";

test("which files are read, and why others are not", () => {
  const search = createSecretSearch();
  const wanted = [
    "app/.env",
    "etc/app/config",
    "app/main.py",
    "root/.ssh/id_rsa",
    "home/a/.aws/credentials",
    "usr/local/bin/run",
    "etc/ssl/certs/server.key",
    "etc/ssl/certs/site.pem",
    "var/cache/app/settings.json",
  ];
  for (const path of wanted) assert.ok(search.wants(path, 0o644, 1000), path);
  const refused = [
    "app/logo.png",
    "usr/share/doc/x/README",
    "usr/lib/x/libc.so.6",
    "usr/lib/python3/os.pyc",
    "usr/share/man/man1/a.1",
  ];
  for (const path of refused) assert.ok(!search.wants(path, 0o644, 1000), path);
  assert.ok(!search.wants("app/big.txt", 0o644, 2_000_000) && !search.wants("app/.keep", 0o644, 0));
  search.find(fileOf("app/tool", new Uint8Array([127, 69, 76, 70, 0, 1])), testTools);
  assert.deepEqual(Object.fromEntries(search.skipped()), {
    "binary-name": 3,
    documentation: 2,
    "too-large": 1,
    empty: 1,
    "binary-content": 1,
  });
  assert.equal(search.fresh().skipped().size, 0);
});

test("four characters of a value at most, of any value", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 300, unit: "grapheme" }), fc.boolean(), (value, isHidden) => {
      const text = redact(value, isHidden);
      for (let at = 0; at + 5 <= value.length; at += 1) {
        const part = value.slice(at, at + 5);
        assert.ok(!text.includes(part), `${text} tells ${part}`);
      }
      assert.ok(text.length <= 4 + 2 + 1 + 8);
    }),
  );
});
