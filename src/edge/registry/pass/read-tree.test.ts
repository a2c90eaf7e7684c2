import assert from "node:assert/strict";
import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { defineCataloger } from "../../../core/sbom/cataloger.ts";
import { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { TreeImage } from "../image-source.ts";
import { openImage } from "../open-image.ts";
import { analyseImage } from "./analyse-image.ts";
import { base, names, node, scratch } from "./image.fixture.ts";

test("a folder is read in place, by the same cataloguers", async () => {
  const root = path.join(scratch, "root");
  for (const { path: at, body, kind, linkTarget } of [...base, node("a")]) {
    const full = path.join(root, String(at));
    mkdirSync(path.dirname(full), { recursive: true });
    if (kind === "symlink") symlinkSync(linkTarget!, full);
    else writeFileSync(full, body ?? "");
  }
  await using source = await openImage({ kind: "root", path: root });
  const analysis = ImageAnalysis.parse(await analyseImage(source, { secrets: false }));
  assert.deepEqual(names(analysis), ["deb/node-semver@1.0-1", "deb/zlib1g@1.0-1", "npm/a@1.0.0", "npm/semver@7.3.5"]);
  assert.ok(analysis.packages[3]?.ownedBy.startsWith("pkg:deb/debian/node-semver@"));
  assert.deepEqual(
    analysis.packages[2]?.evidence.map((one) => [one.path, one.layer]),
    [["/app/node_modules/a/package.json", -1]],
  );
  assert.match(analysis.digest, /^sha256:[0-9a-f]{64}$/);
});

test("a large file of a folder goes by in pieces: head, tail and windows, never the whole", async () => {
  const root = path.join(scratch, "large-root");
  mkdirSync(root);
  const sizeBytes = 96 * 1024 * 1024;
  const file = openSync(path.join(root, "program"), "w", 0o755);
  writeSync(file, "\x7fELF", 0, "latin1");
  writeSync(file, "needle in the hay", 50_000_000);
  writeSync(file, "!", sizeBytes - 1);
  closeSync(file);
  const seen: string[] = [];
  const reader = defineCataloger<number>({
    id: "test/large",
    version: 1,
    wants: {
      executables: true,
      bytesMax: 1000,
      large: {
        headBytes: 4,
        tailBytes: 1,
        needles: () => ["needle"],
        beforeBytes: 0,
        afterBytes: 17,
        windowsMax: 3,
      },
    },
    read(one, tools) {
      const latin1 = (bytes: Uint8Array) => tools.latin1(bytes);
      seen.push(latin1(one.bytes), ...one.large!.windows.map(({ offset, bytes }) => `${offset} ${latin1(bytes)}`));
      return 1;
    },
    combine: () => ({ packages: [] }),
  });
  await using source = await openImage({ kind: "root", path: root });
  const before = process.memoryUsage.rss();
  let peak = before;
  const watched = {
    ...source,
    *entries(signal: AbortSignal) {
      for (const entry of (source as TreeImage).entries(signal)) {
        const pieces = function* () {
          for (const piece of entry.pieces()) {
            peak = Math.max(peak, process.memoryUsage.rss());
            yield piece;
          }
        };
        yield { ...entry, pieces };
      }
    },
  } as typeof source;
  const analysis = await analyseImage(watched, { secrets: false, catalogers: [reader] });
  assert.deepEqual(seen, ["\x7fELF", "50000000 needle in the hay", `${sizeBytes - 1} !`]);
  assert.ok(peak - before < sizeBytes / 2, `${peak - before} bytes more`);
  assert.deepEqual(
    analysis.gaps.filter((gap) => gap.subject.includes("program")),
    [],
  );
});

test("a signal ends the reading of a folder, which would hold the thread else", async () => {
  const root = path.join(scratch, "endless-root");
  mkdirSync(root);
  writeFileSync(path.join(root, "package.json"), "{}");
  const abort = new AbortController();
  await using source = await openImage({ kind: "root", path: root });
  const endless = {
    ...source,
    *entries(signal: AbortSignal) {
      const [entry] = (source as TreeImage).entries(signal);
      for (let index = 0; index < 3_000_000; index++) yield { ...entry!, path: `f${index}` };
    },
  } as typeof source;
  setTimeout(() => abort.abort(new Error("enough")), 1);
  await assert.rejects(analyseImage(endless, { secrets: false, signal: abort.signal }), /enough/);
});
