import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog, rowsOf } from "../../../../../test/support/catalog.ts";
import { phpComposer } from "./composer.ts";
import { phpWordpress } from "./wordpress.ts";

const monolog = { name: "Monolog/Monolog", version: "2.9.1", license: ["MIT"], type: "library" };
const branch = {
  name: "acme/branch",
  version: "dev-main",
  source: { type: "git", url: "https://git.example/b.git", reference: "abc" },
};
const lock = {
  packages: [
    monolog,
    { name: "acme/v", version: "v1.2.3" },
    branch,
    { name: "acme/meta", version: "1.0", type: "metapackage" },
  ],
  "packages-dev": [{ name: "phpunit/phpunit", version: "10.0.0" }],
};

test("composer.lock and installed.json of both shapes", () => {
  const result = catalog(phpComposer, {
    "app/composer.lock": JSON.stringify(lock),
    "app/vendor/composer/installed.json": JSON.stringify({ packages: [monolog], dev: false, "dev-package-names": [] }),
    "old/vendor/composer/installed.json": JSON.stringify([{ name: "acme/old", version: "0.9.0" }]),
    "app/data/installed.json": "not ours",
    "bad/composer.lock": "[]",
    "empty/composer.lock": "{}",
  });
  assert.deepEqual(rowsOf(result), [
    "acme/branch@dev-main declared ?vcs_url=git+https://git.example/b.git@abc",
    "acme/old@0.9.0 installed",
    "acme/v@1.2.3 declared",
    "monolog/monolog@2.9.1 declared",
    "monolog/monolog@2.9.1 installed",
    "phpunit/phpunit@10.0.0 development",
  ]);
  assert.deepEqual(result.broken, ["bad/composer.lock: JSON, but no object"]);
  const kinds = result.packages.filter((item) => item.name === "monolog").map((item) => item.evidence[0]?.kind);
  assert.deepEqual(new Set(kinds), new Set(["database", "lockfile"]));
});

test("WordPress plugins and themes by their headers", () => {
  const result = catalog(phpWordpress, {
    "var/www/wp-content/plugins/akismet/akismet.php":
      "<?php\n/**\n * @package Akismet\n */\n/*\nPlugin Name: Akismet Anti-spam\nVersion: 5.3\nLicense: GPLv2 or later\n*/\n",
    "var/www/wp-content/plugins/akismet/class.php": "<?php // no header\n",
    "var/www/wp-content/plugins/akismet/lib/deep.php": "<?php\n/* Plugin Name: not here\nVersion: 9 */",
    "var/www/wp-content/plugins/star/star.php": "<?php\n/**\n * Plugin Name: Star\n * Version:     1.2.0 */\n",
    "var/www/wp-content/themes/twenty/style.css": "/*\nTheme Name: Twenty\nVersion: 2.1\n*/\n",
    "var/www/index.php": "<?php /* Plugin Name: no\nVersion: 1 */",
  });
  assert.deepEqual(
    result.packages.map((item) => `${item.type} ${item.name}@${item.version} ${item.licenses.join()}`).toSorted(),
    ["wordpress-plugin akismet@5.3 GPLv2 or later", "wordpress-plugin star@1.2.0 ", "wordpress-theme twenty@2.1 "],
  );
});
