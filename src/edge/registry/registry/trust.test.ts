import assert from "node:assert/strict";
import { test } from "node:test";
import { indexType } from "../../../../test/support/scripted-registry.ts";
import { sha256Of } from "../../../../test/support/tar.ts";
import { openImage } from "../open-image.ts";
import type { Credential } from "./credentials.ts";
import { openRepository } from "./open-registry.ts";
import type { RegistryOptions } from "./options.ts";
import { answering, contentOf, fault, layer, login, optionsOf, other, pull, registry, secret } from "./pull.fixture.ts";

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
