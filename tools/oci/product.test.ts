// What is in the product's image, looked at as the list that it is written from: enough to run, nothing that only builds, no shell, and the same twice.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { skipUnless } from "../../test/support/skip.ts";
import type { OciImage } from "./layout.ts";
import { productionPackages } from "./modules.ts";
import { productImage } from "./product.ts";

const root = path.resolve(import.meta.dirname, "../..");
let made: Promise<OciImage> | undefined;
const first = (): Promise<OciImage> => (made ??= productImage(root, {}));

function missing(): string {
  if (process.platform !== "linux" || process.arch !== "x64") return "Linux x64, which the image is built on";
  if (!existsSync("/usr/bin/dpkg-query")) return "dpkg (the image's libraries come from Debian 12)";
  if (!existsSync("/usr/lib/x86_64-linux-gnu/libbpf.so.1")) return "libbpf.so.1 (Debian: libbpf1)";
  return existsSync(path.join(root, "ui", "dist", "index.html")) ? "" : "ui/dist (node tools/ready.cjs --ui)";
}

test("packages are those that the product needs, with what they need, and no development tool", async () => {
  const packages = await productionPackages(root);
  for (const name of [
    "hono",
    "zod",
    "koffi",
    "@koromix/koffi-linux-x64",
    "chdb",
    "@chdb/lib-linux-x64-gnu",
    "protobufjs",
  ])
    if (existsSync(path.join(root, "node_modules", name))) assert.ok(packages.includes(`node_modules/${name}`), name);
  for (const name of ["typescript", "oxlint", "vite", "react", "playwright-core", "fast-check", "elkjs", "@types/node"])
    assert.ok(!packages.includes(`node_modules/${name}`), name);
});

test("the image has what runs and nothing else", async (context) => {
  if (!skipUnless(context, missing() === "", missing())) return;
  const image = await first();
  const entries = image.layers.flatMap((layer) => layer.entries);
  const paths = new Set(entries.map((entry) => entry.path));
  for (const name of [
    "usr/local/bin/node",
    "usr/lib64/ld-linux-x86-64.so.2",
    "usr/lib/x86_64-linux-gnu/libc.so.6",
    "usr/lib/x86_64-linux-gnu/libstdc++.so.6",
    "usr/lib/x86_64-linux-gnu/libbpf.so.1",
    "usr/lib/x86_64-linux-gnu/libelf.so.1",
    "var/lib/dpkg/status.d/libc6",
    "opt/garrison/bin/garrison.js",
    "opt/garrison/src/apps/server/main.ts",
    "opt/garrison/bpf/objects/sensor.bpf.o",
    "opt/garrison/ui/dist/index.html",
    "opt/garrison/deploy/kustomize/base/agent/agent.yaml",
    "opt/garrison/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so",
    "opt/garrison/node_modules/.ready",
  ])
    assert.ok(paths.has(name), name);
  const unwanted = [...paths].filter(
    (name) =>
      /(?:^|\/)(?:sh|bash|busybox|apt|dpkg)$|\.test\.ts$|\.d\.ts$|\.map$|ca-certificates/.test(name) ||
      name.includes("opt/garrison/ui/src"),
  );
  assert.deepEqual(unwanted, []);
  for (const entry of entries) {
    const mode = "mode" in entry ? (entry.mode ?? 0) : 0;
    // oxlint-disable-next-line no-bitwise -- permission bits: setuid, setgid, and writable for others where not sticky
    assert.ok((mode & 0o6000) === 0 && ((mode & 0o002) === 0 || (mode & 0o1000) !== 0), entry.path);
  }
  assert.equal(image.user, "65532:65532");
  assert.match(image.labels?.["org.opencontainers.image.revision"] ?? "", /^(?:[0-9a-f]{40}(?:-modified)?|unknown)$/);
});

test("two builds have the same entries in the same layers (oci.test.ts: equal entries give equal digests)", async (context) => {
  if (!skipUnless(context, missing() === "", missing())) return;
  const listed = ({ layers, labels: _labels, createdAt: _createdAt, ...rest }: OciImage): unknown => ({
    ...rest,
    layers: layers.map(({ comment, entries }) => ({
      comment,
      entries: entries.map((entry) =>
        entry.type === "file" ? { ...entry, bytes: createHash("sha256").update(entry.bytes).digest("hex") } : entry,
      ),
    })),
  });
  assert.deepEqual(listed(await productImage(root, {})), listed(await first()));
});
