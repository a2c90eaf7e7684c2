// Every filter that help texts and guides show is one that the grammar takes.
import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { parseFilter } from "../../core/filter/parse.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const command = /garrison (?:flows|events|workloads|graph)\b([^\n`#\\]*)/g;

test("filters of examples can be read", async () => {
  const files = ["README.md", "docs/guides/*.md", "src/apps/cli/commands/*.ts"];
  let seen = 0;
  for await (const file of glob(files, { cwd: root })) {
    const text = await readFile(path.join(root, file), "utf8");
    for (const [, words = ""] of text.matchAll(command)) {
      const terms = words.split(/\s+/).filter((word) => /^['-]?[a-z][\w.]*:/i.test(word));
      const filter = terms.map((word) => word.replaceAll("'", "")).join(" ");
      assert.doesNotThrow(() => parseFilter(filter), `${file}: ${filter}`);
      seen += terms.length;
    }
  }
  assert.ok(seen >= 8, `only ${seen} terms were found: the reader is broken`);
});
