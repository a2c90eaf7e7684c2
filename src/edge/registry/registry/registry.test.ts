import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { indexType } from "../../../../test/support/scripted-registry.ts";
import { sha256Of } from "../../../../test/support/tar.ts";
import { analyseImage } from "../pass/analyse-image.ts";
import { answering, contentOf, fault, layer, optionsOf, patient, pauses, pull, registry } from "./pull.fixture.ts";

test("an image is pulled by tag and by digest", async () => {
  const { digest } = registry.image("shop/web", "1", [layer], { config: { User: "node", Env: ["A=b"] } });
  const image = await pull();
  assert.equal(image.digest, digest);
  assert.equal(image.config.user, "node");
  assert.deepEqual(image.config.environment, ["A"]);
  assert.deepEqual(await contentOf(image), layer);
  assert.equal((await pull(`shop/web@${digest}`)).digest, digest);
  assert.match(registry.seen[0]!.headers["user-agent"] ?? "", /^garrison/);
  assert.match(registry.seen[0]!.headers.accept ?? "", /image\.index.*manifest\.v2/);
  await fault(pull("shop/web:2"), "registry/not-found", /shop\/web:2: .* 404 \(MANIFEST_UNKNOWN: unknown\)/);
});

test("a registry on this machine is found to speak plain http without being listed", async () => {
  registry.image("shop/web", "1", [layer]);
  assert.deepEqual(await contentOf(await pull("shop/web:1", { limits: { idleMs: 200 } })), layer);
});

test("of an index the platform is chosen", async () => {
  const amd = registry.image("multi", "amd", [layer]);
  const arm = registry.image("multi", "arm", [layer], { architecture: "arm64" });
  registry.manifest(
    "multi",
    "1",
    {
      schemaVersion: 2,
      manifests: [
        { ...amd, platform: { os: "linux", architecture: "amd64" } },
        { ...arm, platform: { os: "linux", architecture: "arm64", variant: "v8" } },
        { ...amd, platform: { os: "unknown", architecture: "unknown" } },
      ],
    },
    indexType,
  );
  assert.equal((await pull("multi:1", optionsOf(), "linux/arm64")).digest, arm.digest);
  assert.equal((await pull("multi:1", optionsOf(), "amd64")).digest, amd.digest);
  await fault(
    pull("multi:1", optionsOf(), "linux/s390x"),
    "registry/no-platform",
    /--platform: linux\/amd64, linux\/arm64/,
  );
});

test("429 waits as long as the registry asks, 500 with growing pauses, and not for ever", async () => {
  registry.image("shop/web", "1", [layer]);
  registry.tricks.push(answering(429, { "retry-after": "7" })(/manifests/, 2), answering(503)(/blobs/, 3));
  const image = await pull();
  assert.deepEqual(pauses, [7000, 7000, 300, 600, 1200]);
  assert.deepEqual(await contentOf(image), layer);

  registry.tricks.push(answering(429, { "retry-after": "3600" })(/manifests/));
  const limited = await fault(pull(), "registry/limited");
  assert.equal(limited.retryAfterMs, 3_600_000);
  registry.tricks[2] = answering(500, {}, "x".repeat(100_000))(/manifests/);
  registry.seen.length = 0;
  await fault(pull(), "registry/unavailable");
  assert.equal(registry.seen.length, 5);
});

test("a broken body is taken up where it broke; a wrong length is refused", async () => {
  const big = randomBytes(3_000_000);
  registry.image("shop/web", "1", [big]);
  const image = await pull();
  const limits = { ...patient, idleMs: 200, resumesWithoutProgressMax: 20 };
  const stalling = await pull("shop/web:1", optionsOf({ limits }));
  let breaks = 3;
  registry.tricks.push((request, response) => {
    if (!request.url.includes(sha256Of(big)) || breaks-- <= 0) return false;
    const start = Number(/(\d+)-/.exec(request.headers.range ?? "0-")?.[1]);
    response.writeHead(start === 0 ? 200 : 206, {
      "content-length": big.length - start,
      ...(start === 0 ? {} : { "content-range": `bytes ${start}-${big.length - 1}/${big.length}` }),
    });
    response.write(big.subarray(start, start + 500_000), () => setTimeout(() => response.destroy(), 50));
    return true;
  });
  assert.equal(sha256Of(await contentOf(image)), sha256Of(big));
  assert.ok(registry.seen.some(({ headers }) => /^bytes=[1-9]/.test(headers.range ?? "")));

  // Without ranges what is known is skipped; stalled is broken, too.
  breaks = 2;
  registry.tricks[0] = (request, response) => {
    if (!request.url.includes(sha256Of(big))) return false;
    response.writeHead(200, { "content-length": big.length });
    if (breaks-- > 0) response.write(big.subarray(0, 700_000));
    else response.end(big);
    return true;
  };
  assert.equal(sha256Of(await contentOf(stalling)), sha256Of(big));

  registry.tricks[0] = (request, response) => {
    if (!request.url.includes(sha256Of(big))) return false;
    response.writeHead(200).end(Buffer.concat([big, big]));
    return true;
  };
  await fault(contentOf(image), "registry/blob-length");
  registry.tricks[0] = (request, response) => {
    if (!request.url.includes(sha256Of(big))) return false;
    response.writeHead(200, { "content-length": 10 });
    response.write("x", () => setTimeout(() => response.destroy(), 10));
    return true;
  };
  await fault(contentOf(image), "registry/broken-body", /again and again/);
});

test("a registry that never answers is a Fault", async () => {
  registry.tricks.push((request) => request.url.includes("manifests"));
  // A slow machine may give up before its question is heard: then each question has longer.
  for (let answerMs = 50; answerMs < 60_000 && registry.seen.length !== 2; answerMs *= 4) {
    registry.seen.length = 0;
    const limits = { ...patient, answerMs, attemptsMax: 2 };
    await fault(pull("shop/web:1", optionsOf({ limits })), "registry/unreachable");
    assert.ok(registry.seen.length <= 2, `${registry.seen.length} questions`);
  }
  assert.equal(registry.seen.length, 2);
});

test("a body by drops is broken off, and does not hold the reader", async () => {
  const big = randomBytes(100_000);
  registry.image("shop/web", "1", [big]);
  const limits = { ...patient, slowMs: 60, slowBytesMin: 1000 };
  const drops = (where: string) => (request: { readonly url: string }, response: ServerResponse) => {
    if (!request.url.includes(where)) return false;
    response.writeHead(200, { "content-length": big.length });
    const timer = setInterval(() => response.write("x"), 10);
    response.once("close", () => clearInterval(timer));
    return true;
  };
  const image = await pull("shop/web:1", optionsOf({ limits }));
  registry.tricks.push(drops(sha256Of(big)));
  await fault(contentOf(image), "registry/broken-body", /again and again/);
  registry.tricks[0] = drops("/manifests/");
  await fault(pull("shop/web:1", optionsOf({ limits })), "registry/broken-body");
});

test("an abort ends a scan whose registry says nothing more, at once", async () => {
  const big = randomBytes(100_000);
  registry.image("shop/web", "1", [big]);
  const image = await pull("shop/web:1", optionsOf({ limits: {} }));
  const abort = new AbortController();
  registry.tricks.push((request, response) => {
    if (!request.url.includes(sha256Of(big))) return false;
    response.writeHead(200, { "content-length": big.length });
    response.write(big.subarray(0, 1000), () => abort.abort(new Error("enough")));
    return true;
  });
  const scan = analyseImage(Object.assign(image, { [Symbol.asyncDispose]: async () => undefined }), {
    secrets: false,
    signal: abort.signal,
  });
  await assert.rejects(scan, /enough/);
});

test("wrong digests, huge and strange documents are refused", async () => {
  const { digest } = registry.image("shop/web", "1", [layer]);
  const cases: readonly (readonly [string, Record<string, string>, string | Buffer, string, RegExp])[] = [
    [`shop/web@${digest}`, {}, "{}", "registry/digest-mismatch", /content is sha256:/],
    ["shop/web:1", { "docker-content-digest": digest }, "{}", "registry/digest-mismatch", /./],
    ["shop/web:1", {}, Buffer.alloc(10 * 1024 * 1024, 0x20), "registry/manifest-too-large", /4194304/],
    ["shop/web:1", {}, '{"schemaVersion":1,"fsLayers":[]}', "registry/schema1", /push the image again/],
    ["shop/web:1", {}, '{"manifests":[],"layers":[],"config":{}}', "registry/bad-manifest", /index and a manifest/],
    ["shop/web:1", { "content-type": indexType }, '{"layers":[],"config":{}}', "registry/bad-manifest", /is called/],
    ["shop/web:1", {}, '{"layers":[],"layers":[]}', "registry/bad-json", /twice/],
    ["shop/web:1", {}, "[".repeat(100_000), "registry/bad-json", /nested/],
    ["shop/web:1", {}, "<html>", "registry/bad-json", /no JSON/],
    ["shop/web:1", {}, '{"manifests":[]}', "registry/no-platform", /names no image/],
    [
      "shop/web:1",
      {},
      JSON.stringify({
        config: { mediaType: "application/vnd.cncf.helm.config.v1+json", digest, size: 2 },
        layers: [],
      }),
      "registry/not-an-image",
      /helm/,
    ],
    [
      "shop/web:1",
      {},
      JSON.stringify({ config: { digest: "sha256:../../../etc", size: 2 }, layers: [] }),
      "registry/bad-manifest",
      /digest/,
    ],
    [
      "shop/web:1",
      {},
      JSON.stringify({ config: { digest, size: 1e12 }, layers: [] }),
      "registry/config-too-large",
      /1000000000000/,
    ],
  ];
  for (const [name, headers, body, code, message] of cases) {
    registry.tricks[0] = (request, response) => {
      if (!request.url.includes("/manifests/")) return false;
      response.writeHead(200, headers).end(body);
      return true;
    };
    const found = await fault(pull(name), code, message);
    assert.ok(found.message.startsWith(`${registry.host}/shop/web`), found.message);
  }
});

test("an endless nest of indexes ends", async () => {
  let entry: { digest: string; size: number; mediaType: string } = registry.image("deep", "0", [layer]);
  for (let depth = 0; depth < 6; depth++) {
    entry = registry.manifest("deep", `${depth}`, { schemaVersion: 2, manifests: [entry], depth }, indexType);
  }
  assert.equal((await pull("deep:1")).layers.length, 1);
  await fault(pull("deep:5"), "registry/index-depth");
});

test("an answer that nobody reads may stall", async () => {
  registry.tricks.push((request, response) => {
    if (request.headers.authorization !== undefined || !request.url.includes("manifests")) return false;
    response.writeHead(401, { "www-authenticate": 'Basic realm="x"', "content-length": 1000 });
    response.write("x");
    return true;
  });
  await fault(pull("shop/web:1", optionsOf({ limits: { ...patient, idleMs: 30 } })), "registry/unauthorized");
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 120);
  await promise;
});
