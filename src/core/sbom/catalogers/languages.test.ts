import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../../base/fault.ts";
import { fileOf, isWanted, testTools } from "../../../../test/support/catalog.ts";
import { SoftwarePackage } from "../../../model/software-package.ts";
import { languageCatalogers } from "./languages.ts";

/** A path of every file kind, so that each unit's readers are reached. */
const paths = [
  "a/node_modules/x/package.json",
  "a/package-lock.json",
  "a/yarn.lock",
  "a/pnpm-lock.yaml",
  "a/bun.lock",
  "a/bun.lockb",
  "a/deno.lock",
  "a/x-1.0.dist-info/METADATA",
  "a/x-1.0.dist-info/RECORD",
  "a/x-1.0.dist-info/direct_url.json",
  "a/x-1.0.egg-info",
  "a/requirements.txt",
  "a/Pipfile.lock",
  "a/poetry.lock",
  "a/uv.lock",
  "a/pdm.lock",
  "a/pylock.toml",
  "a/conda-meta/x-1.0-0.json",
  "a/x-1.0-py3-none-any.whl",
  "a/x-1.0.jar",
  "a/pom.xml",
  "a/gradle.lockfile",
  "a/verification-metadata.xml",
  "a/specifications/x-1.0.gemspec",
  "a/Gemfile.lock",
  "a/Cargo.lock",
  "a/composer.lock",
  "a/vendor/composer/installed.json",
  "a/wp-content/plugins/x/x.php",
  "a/x.deps.json",
  "a/packages.lock.json",
  "a/packages.config",
  "a/x.nuspec",
  "a/go.mod",
  "a/vendor/modules.txt",
  "a/conan.lock",
  "a/conanfile.txt",
  "a/pubspec.lock",
  "a/Package.resolved",
  "a/Podfile.lock",
  "a/mix.lock",
  "a/rebar.lock",
  "a/stack.yaml.lock",
  "a/cabal.project.freeze",
  "a/Manifest.toml",
  "a/DESCRIPTION",
  "a/renv.lock",
];

test("ids are one unit's own, and every file kind has one", () => {
  const ids = languageCatalogers.map((cataloger) => cataloger.id);
  assert.equal(new Set(ids).size, ids.length);
  for (const path of paths)
    assert.ok(
      languageCatalogers.some((unit) => isWanted(unit, path)),
      path,
    );
  for (const unit of languageCatalogers)
    assert.ok(
      paths.some((path) => isWanted(unit, path)),
      unit.id,
    );
});

const word = fc.constantFrom(
  ..."name version packages dependencies a 1.0.0 __proto__ constructor dev true resolved source [[package]] specs: GEM require module PODS: - libraries package targets".split(
    " ",
  ),
  ..."{ } [ ] ( ) : , = \" ' < > / \\ # @ \n".split(" "),
  "\n",
  "  ",
  "    ",
  '": {',
  '"version": "',
  "\u0000",
  "\u202e",
  "é",
);
const text = fc.oneof(
  fc.array(word, { maxLength: 150 }).map((list) => list.join("")),
  fc.json({ maxDepth: 5 }),
  fc.string({ unit: "binary", maxLength: 200 }),
);

test("any content is a part, nothing, or a fault; what comes out fits the model", () => {
  fc.assert(
    fc.property(fc.constantFrom(...paths), text, (path, content) => {
      for (const unit of languageCatalogers.filter((one) => isWanted(one, path))) {
        let part: unknown;
        try {
          part = unit.read(fileOf(path, content), testTools);
        } catch (error) {
          assert.ok(error instanceof Fault, `${path}: ${String(error)} for ${JSON.stringify(content)}`);
        }
        if (part === undefined) continue;
        const { packages } = unit.combine([{ path, layer: 0, part }], { operatingSystem: undefined, has: () => true });
        for (const found of packages) SoftwarePackage.parse(found);
      }
    }),
    { numRuns: 6000 },
  );
});
