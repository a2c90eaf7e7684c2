import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { after, beforeEach, test } from "node:test";
import { sha256Of, tarOf } from "../../../../test/support/tar.ts";
import { Fault } from "../../../base/fault.ts";
import type { LayeredImage } from "../image-source.ts";
import { openImage } from "../open-image.ts";
import { basicCredential, type Credential } from "./credentials.ts";
import type { RegistryOptions } from "./options.ts";
import { openRepository } from "./open-registry.ts";
import { indexType, scriptedRegistry, type SeenRequest } from "./scripted-registry.fixture.ts";

const registry = await scriptedRegistry();
const other = await scriptedRegistry();
const sources: AsyncDisposable[] = [];
after(async () => {
  for (const source of sources) await source[Symbol.asyncDispose]();
  await registry.close();
  await other.close();
});
const pauses: number[] = [];
beforeEach(() => {
  for (const each of [registry, other]) {
    each.tricks.length = 0;
    each.seen.length = 0;
  }
  pauses.length = 0;
});

const secret = "hunter2-very-secret";
const login = { find: async (): Promise<Credential> => basicCredential("ann", secret) };
const layer = tarOf([{ path: "etc/os-release", body: "ID=debian\n" }]);

function optionsOf(more: RegistryOptions = {}): RegistryOptions {
  return {
    hosts: { [registry.host]: { scheme: "http" } },
    sleep: async (ms) => void pauses.push(ms),
    random: () => 1,
    limits: { idleMs: 200, answerMs: 500, connectMs: 500 },
    ...more,
  };
}

async function pull(name = "shop/web:1", options = optionsOf(), platform?: string): Promise<LayeredImage> {
  const at = name.includes("127.0.0.1") ? name : `${registry.host}/${name}`;
  const source = await openImage(
    { kind: "registry", reference: at },
    { registry: options, ...(platform === undefined ? {} : { platform }) },
  );
  sources.push(source);
  assert.ok(source.kind === "layers");
  return source;
}

async function contentOf(image: LayeredImage, index = 0): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await image.layers[index]!.open(new AbortController().signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function fault(work: Promise<unknown>, code: string, message = /./): Promise<Fault> {
  let found: Fault | undefined;
  await assert.rejects(work, (thrown) => {
    found = thrown as Fault;
    if (!(thrown instanceof Fault)) throw thrown as Error;
    const all = `${thrown.message} | ${thrown.hint ?? ""}`;
    assert.equal(thrown.code, code, all);
    assert.match(all, message);
    return true;
  });
  assert.ok(!inspect(found, { depth: 10, showHidden: true }).includes(secret), "a credential is in a fault");
  return found!;
}

const answering =
  (status: number, headers: Record<string, string> = {}, body = "") =>
  (where: RegExp, times = Infinity) => {
    let left = times;
    return (request: SeenRequest, response: import("node:http").ServerResponse): boolean => {
      if (!where.test(request.url) || left-- <= 0) return false;
      response.writeHead(status, headers).end(body);
      return true;
    };
  };

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
  assert.equal(sha256Of(await contentOf(image)), sha256Of(big));

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
  await fault(pull("shop/web:1", optionsOf({ limits: { answerMs: 50, attemptsMax: 2 } })), "registry/unreachable");
  assert.equal(registry.seen.length, 2);
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

test("redirects: credentials stay at home, https never becomes http, and not for ever", async () => {
  const { digest } = registry.image("shop/web", "1", [layer]);
  other.image("shop/web", "1", [layer]);
  const realm = `Basic realm="x"`;
  registry.tricks.push(
    (request, response) => {
      if (request.headers.authorization !== undefined) return false;
      response.writeHead(401, { "www-authenticate": realm }).end();
      return true;
    },
    (request, response) => {
      if (!request.url.includes("/blobs/")) return false;
      response.writeHead(307, { location: `http://${other.host}${request.url}` }).end();
      return true;
    },
  );
  const hosts = { [registry.host]: { scheme: "http" as const }, [other.host]: {} };
  const image = await pull("shop/web:1", optionsOf({ hosts, credentials: login }));
  assert.deepEqual(await contentOf(image), layer);
  assert.ok(registry.seen.some(({ headers }) => headers.authorization?.startsWith("Basic ")));
  assert.ok(other.seen.length > 0);
  assert.ok(other.seen.every(({ headers }) => headers.authorization === undefined));

  // Another port of this machine that nobody listed.
  await fault(pull("shop/web:1", optionsOf({ credentials: login })), "registry/address", /loopback/);
  registry.tricks[1] = answering(302, { location: "/v2/shop/web/manifests/1" })(/manifests/);
  await fault(pull("shop/web:1", optionsOf({ credentials: login })), "registry/redirect", /more than 5/);
  for (const [target, code] of [
    ["http://169.254.169.254/latest/meta-data/", "registry/address"],
    ["http://[fe80::1]/", "registry/address"],
    ["http://[::ffff:169.254.169.254]/", "registry/address"],
    ["http://[64:ff9b::a9fe:a9fe]/", "registry/address"],
    ["http://0.0.0.0/", "registry/address"],
    ["http://2852039166/", "registry/address"],
    ["file:///etc/passwd", "registry/redirect"],
  ] as const) {
    registry.tricks[1] = answering(307, { location: target })(/manifests/);
    await fault(pull(`shop/web@${digest}`, optionsOf({ credentials: login })), code);
  }
});

test("Bearer: the token is asked for once, for pulling alone, and shown to the registry only", async () => {
  registry.image("shop/web", "1", [layer]);
  let tokens = 0;
  registry.tricks.push((request, response) => {
    if (request.url.startsWith("/token")) {
      tokens++;
      response.writeHead(200).end(JSON.stringify({ token: `t${tokens}`, expires_in: 300 }));
      return true;
    }
    if (request.headers.authorization === "Bearer t1" || request.headers.authorization === "Bearer t2") return false;
    const challenge = `Bearer realm="http://${registry.host}/token",service="reg",scope="repository:shop/web:pull,push"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
    return true;
  });
  let nowMs = 1_000_000;
  const image = await pull("shop/web:1", optionsOf({ credentials: login, nowMs: () => nowMs }));
  await contentOf(image);
  assert.equal(tokens, 1);
  const asked = registry.seen.find(({ url }) => url.startsWith("/token"))!;
  assert.equal(asked.url, "/token?service=reg&scope=repository%3Ashop%2Fweb%3Apull");
  assert.equal(asked.headers.authorization, `Basic ${Buffer.from(`ann:${secret}`).toString("base64")}`);
  nowMs += 400_000;
  await contentOf(image);
  assert.equal(tokens, 2);
});

test("an identity token is exchanged by POST", async () => {
  registry.image("shop/web", "1", [layer]);
  registry.tricks.push((request, response) => {
    if (request.url === "/token") response.writeHead(200).end(JSON.stringify({ access_token: "t" }));
    else if (request.headers.authorization === "Bearer t") return false;
    else
      response.writeHead(401, { "www-authenticate": `Bearer realm="http://${registry.host}/token",service="s"` }).end();
    return true;
  });
  const credentials = { find: async (): Promise<Credential> => ({ kind: "identity", user: "", reveal: () => secret }) };
  await pull("shop/web:1", optionsOf({ credentials }));
  const { method, body } = registry.seen.find(({ url }) => url === "/token")!;
  assert.equal(method, "POST");
  const form = new URLSearchParams(body);
  assert.deepEqual(
    [form.get("grant_type"), form.get("refresh_token"), form.get("scope")],
    ["refresh_token", secret, "repository:shop/web:pull"],
  );
});

test("a realm elsewhere gets nothing unless it is listed", async () => {
  registry.image("shop/web", "1", [layer]);
  const challengeTo = (realm: string) => {
    registry.tricks[0] = (request, response) => {
      if (request.headers.authorization === "Bearer t") return false;
      response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}",service="s"` }).end();
      return true;
    };
  };
  other.tricks.push((request, response) => {
    if (!request.url.startsWith("/token")) return false;
    response.writeHead(200).end('{"token":"t"}');
    return true;
  });
  for (const realm of [
    `http://${other.host}/token`,
    "https://evil.example/token",
    "http://evil.example/",
    `http://u:p@${registry.host}/t`,
    "nonsense",
    `ftp://${registry.host}/`,
  ]) {
    challengeTo(realm);
    await fault(pull("shop/web:1", optionsOf({ credentials: login })), "registry/token-realm");
  }
  assert.equal(other.seen.length, 0);
  challengeTo(`http://${other.host}/token`);
  const image = await pull("shop/web:1", optionsOf({ credentials: login, tokenRealms: [other.host] }));
  assert.deepEqual(await contentOf(image), layer);
});

test("wrong passwords are told without the password", async () => {
  registry.tricks.push((_request, response) => {
    response.writeHead(401, { "www-authenticate": `Basic realm="x"` }).end();
    return true;
  });
  await fault(pull("shop/web:1", optionsOf({ credentials: login })), "registry/unauthorized", /log in/);
  assert.equal(registry.seen.length, 2);
  registry.seen.length = 0;
  await fault(pull("shop/web:1"), "registry/unauthorized");
  assert.equal(registry.seen.length, 1);
  registry.tricks[0] = (request, response) => {
    const isToken = request.url.startsWith("/token");
    response
      .writeHead(
        isToken ? 403 : 401,
        isToken ? {} : { "www-authenticate": `Bearer realm="http://${registry.host}/token"` },
      )
      .end();
    return true;
  };
  await fault(pull("shop/web:1", optionsOf({ credentials: login })), "registry/unauthorized", /gives no token/);
});

test("only listed registries are asked", async () => {
  registry.image("shop/web", "1", [layer]);
  await fault(
    pull("shop/web:1", optionsOf({ allowedRegistries: ["docker.io", "*.example.com"] })),
    "registry/not-allowed",
  );
  await fault(pull("shop/web:1", optionsOf({ allowedRegistries: [] })), "registry/not-allowed");
  assert.equal(registry.seen.length, 0);
  await pull("shop/web:1", optionsOf({ allowedRegistries: [registry.host] }));
  // A name that a wildcard allows may still not lead to this machine.
  const wide = { allowedRegistries: ["*.localhost:*", "*.0.0.1"], limits: { attemptsMax: 1, answerMs: 200 } };
  await fault(pull("127.0.0.1/x", wide), "registry/address");
});

test("mirrors are asked first, and what they give is verified", async () => {
  const { digest } = registry.image("shop/web", "1", [layer]);
  const withMirror = (mirrors: readonly string[]): RegistryOptions =>
    optionsOf({ hosts: { [registry.host]: { scheme: "http", mirrors }, [other.host]: { scheme: "http" } } });
  // The mirror does not have it.
  await pull("shop/web:1", withMirror([other.host]));
  assert.match(other.seen[0]!.url, /ns=127\.0\.0\.1/);
  // It lies.
  other.manifest("shop/web", "1", { schemaVersion: 2, manifests: [] }, indexType);
  other.tricks.push((request, response) => {
    if (!request.url.includes(digest)) return false;
    response.writeHead(200).end("{}");
    return true;
  });
  assert.equal((await pull(`shop/web@${digest}`, withMirror([other.host]))).digest, digest);
  other.tricks.length = 0;
  // It has it, below a prefix.
  other.image("proxy/shop/web", "1", [layer]);
  registry.seen.length = 0;
  assert.deepEqual(await contentOf(await pull("shop/web:1", withMirror([`${other.host}/proxy`]))), layer);
  assert.equal(registry.seen.length, 0);
});

test("layers elsewhere are fetched over https alone", async () => {
  const config = registry.blob(Buffer.from(JSON.stringify({ rootfs: { diff_ids: [sha256Of(layer)] } })));
  const foreign = {
    mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar",
    digest: sha256Of(Buffer.from("elsewhere")),
    size: 9,
    urls: [`http://${other.host}/layer`, "https://169.254.169.254/layer"],
  };
  registry.manifest("windows", "1", {
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
    layers: [foreign],
  });
  await fault(contentOf(await pull("windows:1")), "registry/not-found", /outside the registry/);
  assert.equal(other.seen.length, 0);
});

test("referrers by the API over pages, and by the tag that stands for it", async () => {
  const { digest } = registry.image("shop/web", "1", [layer]);
  const entry = (artifactType: string, text: string) => ({
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType,
    ...registry.blob(Buffer.from(text)),
  });
  registry.manifest(
    "shop/web",
    digest.replace(":", "-"),
    { manifests: [entry("a/sbom", "1"), entry("a/vex", "2")] },
    indexType,
  );
  using opened = openRepository(`${registry.host}/shop/web`, optionsOf());
  const signal = AbortSignal.timeout(10_000);
  assert.equal((await opened.repository.referrers(digest, "", signal)).length, 2);
  assert.equal((await opened.repository.referrers(digest, "a/vex", signal)).length, 1);
  assert.deepEqual(await opened.repository.referrers(`sha256:${"0".repeat(64)}`, "", signal), []);
  registry.tricks.push((request, response) => {
    if (!request.url.includes("/referrers/")) return false;
    const isSecond = request.url.includes("last=");
    const link = isSecond ? {} : { link: `<http://169.254.169.254/v2/x?last=1&n=1>; rel="next"` };
    response.writeHead(200, link).end(JSON.stringify({ manifests: [entry("a/sbom", isSecond ? "4" : "3")] }));
    return true;
  });
  assert.equal((await opened.repository.referrers(digest, "a/sbom", signal)).length, 2);
});

test("a caller who gives up gets his reason back", async () => {
  registry.tricks.push((request) => request.url.includes("manifests"));
  const controller = new AbortController();
  const work = openImage(
    { kind: "registry", reference: `${registry.host}/x` },
    { registry: optionsOf(), signal: controller.signal },
  );
  setTimeout(() => controller.abort(new Error("enough")), 30);
  await assert.rejects(work, /enough/);
});
