import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

const { withoutEngineWarnings } = createRequire(import.meta.url)("./ready.cjs") as {
  withoutEngineWarnings: (text: string) => string;
};

test("of what npm says only the warnings about the machine's own Node are left out", () => {
  const engine = [
    "npm warn EBADENGINE Unsupported engine {",
    "npm warn EBADENGINE   package: 'undici@8.13.1',",
    "npm warn EBADENGINE   required: { node: '>=22.19.0' },",
    "npm warn EBADENGINE }",
  ];
  const said = [
    "npm warn deprecated thing@1.0.0: use another",
    "npm error code EINTEGRITY",
    "npm error EBADENGINE a package refuses this Node",
    "",
    "added 320 packages in 20s",
    "",
  ];
  assert.equal(withoutEngineWarnings([...engine, ...said].join("\n")), said.join("\n"));
  assert.equal(withoutEngineWarnings(engine.join("\n")), "");
});
