// Against Debian's docker-registry: images that skopeo pushed, in each form, are pulled by our client with passwords, tokens and TLS; archives that skopeo wrote are read.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { inspect } from "node:util";
import zlib from "node:zlib";
import { Fault } from "../../src/base/fault.ts";
import type { LayeredImage } from "../../src/edge/registry/image-source.ts";
import { type ImageLocation, openImage } from "../../src/edge/registry/open-image.ts";
import { analyseImage } from "../../src/edge/registry/pass/analyse-image.ts";
import { basicCredential } from "../../src/edge/registry/registry/credentials.ts";
import { openRepository } from "../../src/edge/registry/registry/open-registry.ts";
import type { RegistryOptions } from "../../src/edge/registry/registry/options.ts";
import {
  type DockerRegistry,
  password,
  registryMissing,
  skopeo,
  startDockerRegistry,
  user,
} from "../support/docker-registry.ts";
import { skipUnless } from "../support/skip.ts";
import { sha256Of, tarOf, writeOciLayout } from "../support/tar.ts";

const bottom = tarOf([{ path: "etc/os-release", body: "ID=debian\n" }]);
const top = tarOf([{ path: "app", body: Buffer.alloc(2_000_000, 3) }]);

interface World {
  readonly registry: DockerRegistry;
  readonly folder: string;
  readonly layout: string;
  readonly options: RegistryOptions;
}

async function start(
  context: TestContext,
  auth: "open" | "password" | "token",
  tls = false,
): Promise<World | undefined> {
  const missing = registryMissing();
  if (!skipUnless(context, missing === "", missing)) return undefined;
  const registry = await startDockerRegistry(auth, tls);
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-images-"));
  context.after(async () => {
    await registry.stop();
    rmSync(folder, { recursive: true });
  });
  const layout = path.join(folder, "layout");
  writeOciLayout(layout, { layers: [bottom, top], tag: "1", config: { config: { User: "node" } } });
  const credentials = { find: async () => basicCredential(user, password) };
  const realms = registry.realmHost === "" ? {} : { tokenRealms: [registry.realmHost] };
  const ca = registry.ca === "" ? {} : { hosts: { [registry.host]: { ca: registry.ca } } };
  return { registry, folder, layout, options: { ...(auth === "open" ? {} : { credentials }), ...realms, ...ca } };
}

async function open(
  context: TestContext,
  location: ImageLocation,
  registry: RegistryOptions = {},
  platform = "",
): Promise<LayeredImage> {
  const source = await openImage(location, { registry, platform });
  context.after(() => source[Symbol.asyncDispose]());
  assert.ok(source.kind === "layers");
  return source;
}

/** Every layer is fetched, its digest checked, inflated by its encoding, its diff id checked. */
async function readAll(image: LayeredImage): Promise<readonly Buffer[]> {
  const tars: Buffer[] = [];
  for (const layer of image.layers) {
    const hash = createHash("sha256");
    const chunks: Uint8Array[] = [];
    for await (const chunk of await layer.open(AbortSignal.timeout(60_000))) {
      hash.update(chunk);
      chunks.push(Uint8Array.from(chunk));
    }
    if (layer.digest !== "") assert.equal(`sha256:${hash.digest("hex")}`, layer.digest);
    const stored = Buffer.concat(chunks);
    const tar =
      layer.encoding === "none"
        ? stored
        : layer.encoding === "gzip"
          ? zlib.gunzipSync(stored)
          : zlib.zstdDecompressSync(stored);
    assert.equal(sha256Of(tar), layer.diffId);
    tars.push(tar);
  }
  return tars;
}

async function refuses(work: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(work, (thrown) => {
    assert.ok(thrown instanceof Fault, String(thrown));
    assert.ok(!inspect(thrown, { depth: 10, showHidden: true }).includes(password), "the password is in a fault");
    return thrown.code === code;
  });
}

test("what skopeo pushed is pulled: gzip, zstd, docker's and OCI's manifests, an index, by tag and digest", async (context) => {
  const world = await start(context, "open");
  if (world === undefined) return;
  const { registry, layout, folder } = world;
  const push = (tag: string, ...flags: readonly string[]) =>
    skopeo(
      "copy",
      "-q",
      ...registry.skopeoTo,
      ...flags,
      `oci:${layout}:1`,
      `docker://${registry.host}/shop/web:${tag}`,
    );
  await push("oci");
  await push("docker", "--format", "v2s2");
  for (const [tag, encoding] of [
    ["oci", "gzip"],
    ["docker", "gzip"],
  ] as const) {
    const image = await open(context, { kind: "registry", reference: `${registry.host}/shop/web:${tag}` });
    assert.equal(image.layers[1]!.encoding, encoding, tag);
    assert.deepEqual(await readAll(image), [bottom, top], tag);
    assert.equal(image.config.user, "node");
    const digest = (
      await skopeo(
        "inspect",
        "--tls-verify=false",
        "--format",
        "{{.Digest}}",
        `docker://${registry.host}/shop/web:${tag}`,
      )
    ).trim();
    assert.equal(image.digest, digest, tag);
    const again = await open(context, { kind: "registry", reference: `${registry.host}/shop/web@${digest}` });
    assert.equal(again.digest, digest);
  }
  // And the whole way: from the registry through the pass.
  await using source = await openImage({ kind: "registry", reference: `${registry.host}/shop/web:oci` });
  const analysis = await analyseImage(source, { secrets: false });
  assert.equal(analysis.operatingSystem?.id, "debian");
  assert.equal(analysis.layers.length, 2);
  assert.equal(analysis.source, "registry");
  // skopeo keeps layers that are compressed already; this one packs them anew.
  const plain = path.join(folder, "plain");
  writeOciLayout(plain, {
    layers: [
      { tar: bottom, encoding: "zstd" },
      { tar: top, encoding: "zstd" },
    ],
    tag: "1",
  });
  await skopeo("copy", "-q", ...registry.skopeoTo, `oci:${plain}:1`, `docker://${registry.host}/shop/packed:1`);
  const packed = await open(context, { kind: "registry", reference: `${registry.host}/shop/packed:1` });
  assert.equal(packed.layers[1]!.encoding, "zstd");
  assert.deepEqual(await readAll(packed), [bottom, top]);
  await refuses(
    open(context, { kind: "registry", reference: `${registry.host}/shop/web:absent` }),
    "registry/not-found",
  );
  await refuses(
    open(context, { kind: "registry", reference: `${registry.host}/shop/web:oci` }, {}, "linux/s390x"),
    "registry/no-platform",
  );
});

test("an index pushed with all its platforms gives the one that is asked for; referrers go by their tag", async (context) => {
  const world = await start(context, "open");
  if (world === undefined) return;
  const { registry, layout } = world;
  const reference = `${registry.host}/shop/multi`;
  const put = async (
    tagOrDigest: string,
    mediaType: string,
    document: unknown,
  ): Promise<{ digest: string; size: number; mediaType: string }> => {
    const body = JSON.stringify(document);
    const answer = await fetch(`http://${registry.host}/v2/shop/multi/manifests/${tagOrDigest}`, {
      method: "PUT",
      body,
      headers: { "content-type": mediaType },
    });
    assert.equal(answer.status, 201, await answer.text());
    return { digest: sha256Of(Buffer.from(body)), size: body.length, mediaType };
  };
  await skopeo("copy", "-q", ...registry.skopeoTo, `oci:${layout}:1`, `docker://${reference}:amd`);
  const armLayout = path.join(world.folder, "arm");
  writeOciLayout(armLayout, { layers: [bottom], tag: "1", config: { architecture: "arm64" } });
  await skopeo("copy", "-q", ...registry.skopeoTo, `oci:${armLayout}:1`, `docker://${reference}:arm`);
  const [amd, arm] = await Promise.all(
    ["amd", "arm"].map((tag) => open(context, { kind: "registry", reference: `${reference}:${tag}` })),
  );
  const type = "application/vnd.oci.image.manifest.v1+json";
  const entry = (image: LayeredImage, architecture: string) => ({
    mediaType: type,
    digest: image.digest,
    size: 1,
    platform: { os: "linux", architecture },
  });
  const index = await put("1", "application/vnd.oci.image.index.v1+json", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [entry(amd!, "amd64"), entry(arm!, "arm64")],
  });
  const chosen = await open(context, { kind: "registry", reference: `${reference}:1` }, {}, "linux/arm64");
  assert.equal(chosen.digest, arm!.digest);
  assert.ok(chosen.otherDigests.includes(index.digest));
  assert.deepEqual(await readAll(chosen), [bottom]);

  await put(index.digest.replace(":", "-"), "application/vnd.oci.image.index.v1+json", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{ ...entry(amd!, "amd64"), artifactType: "application/vnd.test.sbom" }],
  });
  using opened = openRepository(reference, {});
  const found = await opened.repository.referrers(
    index.digest,
    "application/vnd.test.sbom",
    AbortSignal.timeout(20_000),
  );
  assert.deepEqual(
    found.map(({ digest }) => digest),
    [amd!.digest],
  );
  assert.deepEqual(await opened.repository.referrers(amd!.digest, "", AbortSignal.timeout(20_000)), []);
});

test("passwords: right, wrong, none; over TLS with an authority of its own", async (context) => {
  const world = await start(context, "password", true);
  if (world === undefined) return;
  const { registry, layout, options } = world;
  const reference = `${registry.host}/shop/web:1`;
  await skopeo("copy", "-q", ...registry.skopeoTo, `oci:${layout}:1`, `docker://${reference}`);
  const image = await open(context, { kind: "registry", reference }, options);
  assert.deepEqual(await readAll(image), [bottom, top]);
  const wrong = { ...options, credentials: { find: async () => basicCredential(user, `${password}x`) } };
  await refuses(open(context, { kind: "registry", reference }, wrong), "registry/unauthorized");
  await refuses(open(context, { kind: "registry", reference }, { hosts: options.hosts! }), "registry/unauthorized");
  const quick = { limits: { attemptsMax: 1 } };
  await refuses(
    open(context, { kind: "registry", reference }, { credentials: options.credentials!, ...quick }),
    "registry/untrusted",
  );
  const unverified = { ...options, hosts: { [registry.host]: { skipVerify: true } } };
  assert.equal((await open(context, { kind: "registry", reference }, unverified)).digest, image.digest);
});

test("tokens: one for a pull, asked for at a listed realm alone", async (context) => {
  const world = await start(context, "token");
  if (world === undefined) return;
  const { registry, layout, options } = world;
  const reference = `${registry.host}/shop/web:1`;
  await skopeo("copy", "-q", ...registry.skopeoTo, `oci:${layout}:1`, `docker://${reference}`);
  const before = registry.realmAsked.length;
  assert.deepEqual(await readAll(await open(context, { kind: "registry", reference }, options)), [bottom, top]);
  const asked = registry.realmAsked.slice(before);
  assert.deepEqual(asked, ["/token?service=test-registry&scope=repository%3Ashop%2Fweb%3Apull"]);
  await refuses(
    open(context, { kind: "registry", reference }, { credentials: options.credentials! }),
    "registry/token-realm",
  );
  const wrong = { ...options, credentials: { find: async () => basicCredential(user, `${password}x`) } };
  await refuses(open(context, { kind: "registry", reference }, wrong), "registry/unauthorized");
  assert.equal(registry.realmAsked.length, before + 2);
});

test("archives that skopeo writes are read", async (context) => {
  const world = await start(context, "open");
  if (world === undefined) return;
  const { folder, layout } = world;
  const docker = path.join(folder, "docker.tar");
  await skopeo("copy", "-q", `oci:${layout}:1`, `docker-archive:${docker}:shop/web:1`);
  await skopeo("copy", "-q", `oci:${layout}:1`, `oci-archive:${path.join(folder, "oci.tar")}:1`);
  await skopeo("copy", "-q", `oci:${layout}:1`, `oci:${path.join(folder, "copied")}:1`);
  const byTag = await open(context, { kind: "archive", path: docker, image: "shop/web:1" });
  assert.deepEqual(await readAll(byTag), [bottom, top]);
  for (const location of [
    { kind: "archive", path: docker },
    { kind: "archive", path: path.join(folder, "oci.tar") },
    { kind: "oci-layout", path: path.join(folder, "copied"), image: "1" },
  ] as const) {
    const image = await open(context, location);
    assert.equal(image.config.user, "node");
    assert.deepEqual(await readAll(image), [bottom, top], location.path);
  }
});
