// Who speaks for a name: a digest decides alone, trust before time, SBOMs for no digest; what leaves gives its names back.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImageRecord } from "../../../core/state/image-ports.ts";
import { ImageAnalysis } from "../../../model/image-analysis.ts";
import { createImageIndex } from "./image-index.ts";
import { recordOf, refuseLessTrust, trustOf } from "./record.ts";
import { canonicalName } from "./surroundings.ts";

function record(digest: string, over: Partial<ImageRecord> = {}): ImageRecord {
  return {
    digest,
    references: ["docker.io/library/nginx:1.27"],
    otherDigests: [],
    source: "registry",
    operatingSystem: "",
    layers: 1,
    diffIds: [],
    sizeBytes: 0,
    secrets: undefined,
    gaps: 0,
    createdAt: "",
    analysedAtMs: 1,
    author: "",
    trust: "layers",
    subjects: Int32Array.from([1]),
    ...over,
  };
}

test("what runs is known by its digest; a tag that moved is another image", () => {
  const index = createImageIndex();
  index.put(record("sha256:new"));
  const name = "docker.io/library/nginx:1.27";
  assert.equal(index.ofRunning({ digest: "sha256:old", name }), undefined);
  assert.equal(index.ofRunning({ digest: "sha256:new", name })?.digest, "sha256:new");
  assert.equal(index.ofRunning({ digest: "", name })?.digest, "sha256:new", "the runtime says no digest");
});

test("a later upload moves a tag, an SBOM never takes a digest, and nothing takes a name from the server's own scan", () => {
  const index = createImageIndex();
  const name = "docker.io/library/nginx:1.27";
  index.put(record("sha256:a", { otherDigests: ["sha256:index"] }));
  index.put(record("sha256:evil", { otherDigests: ["sha256:index"], source: "sbom", trust: "sent", analysedAtMs: 9 }));
  assert.equal(index.find("sha256:index")?.digest, "sha256:a");
  assert.equal(index.find(name)?.digest, "sha256:a");
  index.put(record("sha256:b", { analysedAtMs: 5 }));
  assert.equal(index.find(name)?.digest, "sha256:b");
  index.put(record("sha256:own", { trust: "own", analysedAtMs: 3 }));
  index.put(record("sha256:c", { analysedAtMs: 7 }));
  assert.equal(index.find(name)?.digest, "sha256:own");
  index.remove("sha256:own");
  assert.equal(index.find(name)?.digest, "sha256:c", "the names go to who is next");
  assert.deepEqual([...index.holding(1)].toSorted(), ["sha256:a", "sha256:b", "sha256:c", "sha256:evil"]);
});

test("an analysis that is trusted less does not replace a better one of the same digest", () => {
  const kept = record("sha256:a", { trust: "own" });
  assert.throws(() => refuseLessTrust(kept, { digest: "sha256:a", trust: "layers" }), { code: "images/less-trusted" });
  refuseLessTrust(kept, { digest: "sha256:a", trust: "own" });
  refuseLessTrust(kept, { digest: "sha256:b", trust: "sent" });
  const analysis = (source: string) =>
    ImageAnalysis.parse({ schema: 1, source, reference: "x", digest: "d", packages: [] });
  assert.deepEqual(
    [trustOf(analysis("sbom"), "sent"), trustOf(analysis("archive"), "sent"), trustOf(analysis("registry"), "own")],
    ["sent", "layers", "own"],
  );
});

test("a pinned reference is its digest, not the tag latest", () => {
  const digest = `sha256:${"ab".repeat(32)}`;
  const cases = [
    ["nginx", "docker.io/library/nginx:latest"],
    [`shop.example/web@${digest}`, `shop.example/web@${digest}`],
    [`shop.example/web:1@${digest}`, `shop.example/web@${digest}`],
    [digest, digest],
  ] as const;
  for (const [given, expected] of cases) assert.equal(canonicalName(given), expected, given);
  const analysis = ImageAnalysis.parse({
    schema: 1,
    source: "registry",
    reference: `shop.example/web@${digest}`,
    digest,
    packages: [],
  });
  const made = recordOf(analysis, { ids: [], author: "", trust: "own", nowMs: 0, known: undefined });
  assert.deepEqual(made.references, [`shop.example/web@${digest}`]);
});
