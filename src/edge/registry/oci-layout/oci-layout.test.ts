import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { sha256Of, tarOf, writeOciLayout } from "../../../../test/support/tar.ts";
import { Fault } from "../../../base/fault.ts";
import type { ImageSource, LayeredImage } from "../image-source.ts";
import { openImage } from "../open-image.ts";

const folder = mkdtempSync(path.join(tmpdir(), "garrison-layout-"));
after(() => rmSync(folder, { recursive: true }));
const tar = tarOf([{ path: "a", body: "b" }]);
let count = 0;

function layout(name = `${count++}`): string {
  return path.join(folder, name);
}

async function openAt(at: string, image?: string, platform?: string): Promise<LayeredImage> {
  const source: ImageSource = await openImage(
    { kind: "oci-layout", path: at, ...(image === undefined ? {} : { image }) },
    platform === undefined ? {} : { platform },
  );
  assert.ok(source.kind === "layers");
  return source;
}

function refuses(work: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  return assert.rejects(
    work,
    (thrown) => thrown instanceof Fault && thrown.code === code && message.test(`${thrown.message} | ${thrown.hint}`),
  );
}

function putJson(at: string, document: unknown): { digest: string; size: number } {
  const bytes = Buffer.from(JSON.stringify(document));
  writeFileSync(path.join(at, "blobs/sha256", sha256Of(bytes).slice(7)), bytes);
  return { digest: sha256Of(bytes), size: bytes.length };
}

function putIndex(at: string, manifests: readonly unknown[]): void {
  writeFileSync(path.join(at, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
}

test("the only image, a named one, one by digest", async () => {
  const at = layout();
  const written = writeOciLayout(at, {
    layers: [tar],
    tag: "v1",
    annotations: { "org.opencontainers.image.base.name": "docker.io/library/debian:12" },
  });
  const image = await openAt(at);
  assert.equal(image.digest, written.digest);
  assert.deepEqual(image.otherDigests, [written.configDigest]);
  assert.equal(image.config.labels["org.opencontainers.image.base.name"], "docker.io/library/debian:12");
  assert.equal((await openAt(at, "v1")).digest, written.digest);
  assert.equal((await openAt(at, "shop/web:v1")).digest, written.digest);
  assert.equal((await openAt(at, written.digest)).digest, written.digest);
  await refuses(openAt(at, "v2"), "registry/choose-image", /no image "v2".*v1/);
  await refuses(openAt(at, `sha256:${"0".repeat(64)}`), "registry/not-found", /blobs\/sha256\/000/);
});

test("platforms side by side, below an index, told by the configuration alone", async () => {
  const at = layout();
  const amd = writeOciLayout(at, { layers: [tar], config: { architecture: "amd64" } });
  const arm = writeOciLayout(at, { layers: [tar], config: { architecture: "arm64" } });
  const type = { mediaType: "application/vnd.oci.image.manifest.v1+json", size: 1000 };
  const entries = [
    { ...type, digest: amd.digest },
    { ...type, digest: arm.digest },
  ];
  putIndex(at, entries);
  assert.equal((await openAt(at, undefined, "linux/arm64")).digest, arm.digest);
  assert.equal((await openAt(at, undefined, "linux/amd64")).digest, amd.digest);
  await refuses(openAt(at, undefined, "linux/riscv64"), "registry/no-platform", /linux\/riscv64/);
  const index = putJson(at, { schemaVersion: 2, manifests: entries });
  putIndex(at, [{ mediaType: "application/vnd.oci.image.index.v1+json", ...index }]);
  const nested = await openAt(at, undefined, "linux/arm64");
  assert.deepEqual([nested.digest, nested.otherDigests], [arm.digest, [index.digest, arm.configDigest]]);
  // A store that dropped the first of two equal platforms.
  const gone = { ...type, digest: `sha256:${"1".repeat(64)}`, platform: { os: "linux", architecture: "amd64" } };
  putIndex(at, [gone, { ...type, digest: amd.digest, platform: { os: "linux", architecture: "amd64" } }]);
  assert.equal((await openAt(at, undefined, "linux/amd64")).digest, amd.digest);
});

test("several images are chosen from by name", async () => {
  const at = layout();
  const one = writeOciLayout(at, { layers: [tar] });
  const two = writeOciLayout(at, { layers: [tar, tar] });
  const entry = (digest: string, name: string) => ({
    mediaType: "",
    digest,
    size: 9,
    annotations: { "org.opencontainers.image.ref.name": name },
  });
  putIndex(at, [entry(one.digest, "one"), entry(two.digest, "two")]);
  await refuses(openAt(at), "registry/choose-image", /one, two/);
  assert.equal((await openAt(at, "two")).layers.length, 2);
});

test("what was changed on disk is refused", async () => {
  const at = layout();
  const written = writeOciLayout(at, { layers: [tar] });
  const config = path.join(at, "blobs/sha256", written.configDigest.slice(7));
  writeFileSync(config, readFileSync(config, "utf8").replace("linux", "LINUX"));
  await refuses(openAt(at), "registry/digest-mismatch", /configuration: its content is/);
  writeFileSync(path.join(at, "blobs/sha256", written.digest.slice(7)), "{}");
  await refuses(openAt(at), "registry/digest-mismatch", /was named/);
  rmSync(path.join(at, "blobs/sha256", written.digest.slice(7)));
  await refuses(openAt(at), "registry/not-found", /has no blobs/);
});

test("what is no layout says so; a missing layer is told when it is opened", async () => {
  await refuses(openAt(path.join(folder, "absent")), "registry/not-a-layout", /no oci-layout/);
  const at = layout();
  const written = writeOciLayout(at, { layers: [tar] });
  rmSync(path.join(at, "blobs/sha256", written.layers[0]!.digest.slice(7)));
  const image = await openAt(at);
  await refuses(image.layers[0]!.open(new AbortController().signal), "registry/not-found", /has no blobs\/sha256/);
  writeFileSync(path.join(at, "oci-layout"), '{"imageLayoutVersion":"2.0"}');
  await refuses(openAt(at), "registry/not-a-layout", /1\.x/);
});
