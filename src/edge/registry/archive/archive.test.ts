import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import zlib from "node:zlib";
import * as fc from "fast-check";
import { dockerArchive, type TarEntry, sha256Of, tarOf, writeOciLayout } from "../../../../test/support/tar.ts";
import { Fault } from "../../../base/fault.ts";
import type { LayeredImage } from "../image-source.ts";
import { type OpenImageOptions, openImage } from "../open-image.ts";

const folder = mkdtempSync(path.join(tmpdir(), "garrison-archive-"));
const opened: AsyncDisposable[] = [];
after(async () => {
  for (const source of opened) await source[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});
let count = 0;

function put(bytes: Uint8Array): string {
  const file = path.join(folder, `${count++}.tar`);
  writeFileSync(file, bytes);
  return file;
}

async function openAt(file: string, image?: string, options: OpenImageOptions = {}): Promise<LayeredImage> {
  const location = { kind: "archive", path: file, ...(image === undefined ? {} : { image }) } as const;
  const source = await openImage(location, options);
  opened.push(source);
  assert.equal(source.kind, "layers");
  return source;
}

async function contentOf(image: LayeredImage, layer: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await image.layers[layer]!.open(AbortSignal.timeout(20_000)))
    chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

const first = tarOf([{ path: "etc/os-release", body: "ID=debian\n" }]);
const second = tarOf([{ path: "big", body: Buffer.alloc(3_000_000, 7) }]);

async function fault(work: Promise<unknown>, code: string, message: RegExp): Promise<Fault> {
  let found: Fault | undefined;
  await assert.rejects(work, (thrown) => {
    found = thrown as Fault;
    return thrown instanceof Fault && thrown.code === code && message.test(`${thrown.message} | ${thrown.hint ?? ""}`);
  });
  return found!;
}

test("a docker archive, plain and packed, gives its layers", async () => {
  const tar = dockerArchive({ layers: [first, second] }, "shop/web:1");
  for (const bytes of [tar, zlib.gzipSync(tar), zlib.zstdCompressSync(tar)]) {
    const image = await openAt(put(bytes));
    assert.equal(image.layers.length, 2);
    assert.deepEqual(await contentOf(image, 0), first);
    assert.deepEqual(await contentOf(image, 1), second);
    assert.equal(image.layers[1]!.diffId, sha256Of(second));
    assert.equal(image.layers[1]!.encoding, "none");
    assert.match(image.digest, /^sha256:/);
  }
});

interface ArchiveEntry {
  readonly tags?: readonly string[];
  readonly layers: readonly { readonly name: string; readonly entry?: Partial<TarEntry>; readonly tar: Buffer }[];
  readonly config?: Record<string, unknown>;
  readonly configName?: string;
}

function archiveOf(images: readonly ArchiveEntry[], more: readonly TarEntry[] = []): Buffer {
  const entries: TarEntry[] = [...more];
  const manifest = images.map((image) => {
    const config = Buffer.from(
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        rootfs: { type: "layers", diff_ids: image.layers.map((layer) => sha256Of(layer.tar)) },
        ...image.config,
      }),
    );
    const name = image.configName ?? `${sha256Of(config).slice(7)}.json`;
    entries.push({ path: name, body: config });
    for (const layer of image.layers) entries.push({ path: layer.name, body: layer.tar, ...layer.entry });
    return { Config: name, RepoTags: image.tags ?? null, Layers: image.layers.map((layer) => layer.name) };
  });
  return tarOf([...entries, { path: "manifest.json", body: JSON.stringify(manifest) }]);
}

test("of several images one is chosen by name as docker reads names, or by id", async () => {
  const file = put(
    archiveOf([
      { tags: ["nginx:1", "web:2"], layers: [{ name: "a/layer.tar", tar: first }] },
      { tags: ["other:latest"], layers: [{ name: "b/layer.tar", tar: second }] },
    ]),
  );
  await fault(openAt(file), "registry/choose-image", /several images.*nginx:1, other:latest/);
  await fault(openAt(file, "nginx:3"), "registry/choose-image", /no image "nginx:3"/);
  for (const name of ["nginx:1", "docker.io/library/nginx:1", "web:2"]) {
    assert.deepEqual(await contentOf(await openAt(file, name), 0), first, name);
  }
  const other = await openAt(file, "other");
  assert.deepEqual(await contentOf(other, 0), second);
  assert.deepEqual(await contentOf(await openAt(file, other.digest), 0), second);
  assert.deepEqual(await contentOf(await openAt(file, other.digest.slice(7, 19)), 0), second);
});

test("layers that are links, packed layers, long names", async () => {
  const long = `${"d".repeat(120)}/${"e".repeat(120)}/layer.tar`;
  const packed = zlib.gzipSync(second);
  const file = put(
    tarOf([
      { path: long, body: first },
      { path: "same/layer.tar", kind: "symlink", linkTarget: `../${long}` },
      { path: "hard.tar", kind: "hardlink", linkTarget: long },
      { path: "packed.tar", body: packed },
      { path: "../../outside.tar", body: second },
      {
        path: "config.json",
        body: JSON.stringify({ rootfs: { diff_ids: [first, first, first, second].map((tar) => sha256Of(tar)) } }),
      },
      {
        path: "./manifest.json",
        body: JSON.stringify([{ Config: "config.json", Layers: [long, "same/layer.tar", "hard.tar", "packed.tar"] }]),
      },
    ]),
  );
  const image = await openAt(file);
  for (const index of [0, 1, 2]) assert.deepEqual(await contentOf(image, index), first);
  assert.equal(image.layers[3]!.encoding, "gzip");
  assert.deepEqual(await contentOf(image, 3), packed);
});

test("an OCI layout in a tar, and docker's mix of both", async () => {
  const layout = path.join(folder, "layout");
  const written = writeOciLayout(layout, { layers: [first, { tar: second, encoding: "zstd" }], tag: "1" });
  const files = readdirSync(layout, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(path.join(layout, name)).isFile(),
  );
  const entries = files.map((name) => ({ path: name, body: readFileSync(path.join(layout, name)) }));
  const mixed: TarEntry = {
    path: "manifest.json",
    body: JSON.stringify([
      {
        Config: `blobs/sha256/${written.configDigest.slice(7)}`,
        RepoTags: ["web:1"],
        Layers: written.layers.map(({ digest }) => `blobs/sha256/${digest.slice(7)}`),
      },
    ]),
  };
  for (const bytes of [tarOf(entries), tarOf([...entries, mixed]), zlib.gzipSync(tarOf(entries))]) {
    const image = await openAt(put(bytes));
    assert.equal(image.digest, written.digest);
    assert.deepEqual(image.otherDigests, [written.configDigest]);
    assert.equal(image.layers[1]!.encoding, "zstd");
    assert.deepEqual(zlib.zstdDecompressSync(await contentOf(image, 1)), second);
  }
  // The layout does not know this name, manifest.json does.
  const byName = await openAt(put(tarOf([...entries.filter((entry) => entry.path !== "index.json"), mixed])), "web:1");
  assert.equal(byName.digest, written.configDigest);
  assert.equal(byName.layers[0]!.digest, written.layers[0]!.digest);
});

test("what is broken is a Fault that names the file", async () => {
  const whole = dockerArchive({ layers: [second] });
  const cases: readonly (readonly [Uint8Array, string, RegExp])[] = [
    [Buffer.alloc(0), "registry/bad-archive", /no tar, or an empty one/],
    [Buffer.from("hello".repeat(500)), "registry/bad-archive", /no tar/],
    [Buffer.from("\u00fd7zXZ\0....", "latin1"), "registry/bad-archive", /xz/],
    [tarOf([{ path: "x", body: "y" }]), "registry/bad-archive", /no image archive/],
    [whole.subarray(0, 1_000_000), "registry/bad-archive", /cut/],
    [zlib.gzipSync(whole).subarray(0, 2000), "registry/bad-archive", /broken/],
    [tarOf([{ path: "manifest.json", body: "{" }]), "registry/bad-json", /no JSON/],
    [tarOf([{ path: "manifest.json", body: "[]" }]), "registry/choose-image", /no image/],
    [tarOf([{ path: "manifest.json", body: '[{"Config":"c","Layers":[]}]' }]), "registry/not-found", /has no c/],
    [
      archiveOf([{ layers: [], configName: `${"0".repeat(64)}.json` }]),
      "registry/digest-mismatch",
      /configuration: its content is sha256:/,
    ],
    [
      archiveOf([{ layers: [], config: { rootfs: { diff_ids: [sha256Of(first)] } } }]),
      "registry/bad-archive",
      /disagree/,
    ],
  ];
  for (const [bytes, code, message] of cases) {
    const file = put(bytes);
    const found = await fault(openAt(file), code, message);
    assert.ok(found.message.startsWith(file), found.message);
  }
  await fault(openAt(path.join(folder, "absent")), "registry/not-found", /no such file/);
  await fault(openAt(folder), "registry/bad-archive", /--oci/);
});

test("a layer that is missing is told when it is opened; the others are read", async () => {
  const file = put(
    tarOf([
      { path: "a.tar", body: first },
      { path: "c.json", body: JSON.stringify({ rootfs: { diff_ids: [sha256Of(first), sha256Of(second)] } }) },
      { path: "manifest.json", body: JSON.stringify([{ Config: "c.json", Layers: ["a.tar", "b.tar"] }]) },
    ]),
  );
  const image = await openAt(file);
  assert.deepEqual(await contentOf(image, 0), first);
  await fault(contentOf(image, 1), "registry/not-found", /layer 1 \(b\.tar\)/);
});

test("a platform that was asked for is kept to", async () => {
  const file = put(archiveOf([{ layers: [{ name: "a", tar: first }], config: { architecture: "s390x" } }]));
  assert.equal((await openAt(file)).config.architecture, "s390x");
  await fault(openAt(file, undefined, { platform: "linux/arm64" }), "registry/no-platform", /linux\/s390x/);
});

test("whatever byte of an archive is another: a Fault, or an image", async () => {
  const small = dockerArchive({ layers: [first] });
  await fc.assert(
    fc.asyncProperty(fc.nat(small.length - 1), fc.nat(255), fc.boolean(), async (at, value, isCut) => {
      const bytes = Buffer.from(small);
      bytes[at] = value;
      const file = put(isCut ? bytes.subarray(0, at) : bytes);
      try {
        await contentOf(await openAt(file), 0);
      } catch (thrown) {
        assert.ok(thrown instanceof Fault, String(thrown));
      }
      rmSync(file);
    }),
    { numRuns: 300 },
  );
});

test("a caller who gives up gets his reason back", async () => {
  const image = await openAt(put(dockerArchive({ layers: [second] })));
  const controller = new AbortController();
  const reason = new Error("enough");
  const stream = await image.layers[0]!.open(controller.signal);
  controller.abort(reason);
  await assert.rejects(async () => {
    for await (const chunk of stream) assert.equal(chunk.length, 0);
  }, reason);
});
