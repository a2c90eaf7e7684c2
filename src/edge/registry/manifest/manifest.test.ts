import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../../base/fault.ts";
import { jsonLimits, parseJson } from "./bounded-json.ts";
import { readConfig } from "./config.ts";
import { hashFor, sha256Of, verifyDigest } from "./digest.ts";
import { parseManifest } from "./manifest.ts";
import { encodingOf, encodingOfBytes } from "./media-types.ts";
import { formatPlatform, normalise, parsePlatform, platformRank } from "./platform.ts";

const bytesOf = (data: unknown) => Buffer.from(typeof data === "string" ? data : JSON.stringify(data));

function code(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown.code;
    throw thrown;
  }
  return "";
}

test("JSON within bounds is what JSON.parse reads; everything else is a Fault", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) =>
      assert.deepEqual(parseJson(bytesOf(JSON.stringify(value)), "x"), JSON.parse(JSON.stringify(value))),
    ),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) =>
      ["", "registry/bad-json"].includes(code(() => parseJson(bytes, "x"))),
    ),
  );
  const bad = [
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '[{"x":{"b":1,"b":1}}]',
    "[".repeat(65) + "]".repeat(65),
    "",
    "{",
    '"',
    "\ufeff{",
    "nul",
  ];
  for (const text of bad)
    assert.equal(
      code(() => parseJson(bytesOf(text), "x")),
      "registry/bad-json",
      text,
    );
  const limits = { ...jsonLimits, valuesMax: 10 };
  assert.equal(
    code(() => parseJson(bytesOf(`[${"1,".repeat(20)}1]`), "x", limits)),
    "registry/bad-json",
  );
  assert.deepEqual(parseJson(bytesOf('{"a":{"a":{"a":1}},"b":["a","a"]}'), "x"), { a: { a: { a: 1 } }, b: ["a", "a"] });
  const hostile = parseJson(bytesOf('{"__proto__":{"polluted":1}}'), "x") as Record<string, unknown>;
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  assert.ok(Object.hasOwn(hostile, "__proto__"));
});

test("digests are checked by their own algorithm", () => {
  const bytes = bytesOf("x");
  verifyDigest(bytes, sha256Of(bytes), "x");
  const long = `sha512:${hashFor(`sha512:${"0".repeat(128)}`, "x")
    .update(bytes)
    .digest("hex")}`;
  verifyDigest(bytes, long, "x");
  assert.equal(
    code(() => verifyDigest(bytes, `sha256:${"0".repeat(64)}`, "x")),
    "registry/digest-mismatch",
  );
  assert.equal(
    code(() => verifyDigest(bytes, `md5x:${"0".repeat(32)}`, "x")),
    "registry/digest-unknown",
  );
  assert.equal(
    code(() => verifyDigest(bytes, "sha256:short", "x")),
    "registry/bad-digest",
  );
});

test("how layers are stored, by type and by first bytes", () => {
  assert.equal(encodingOf("application/vnd.oci.image.layer.v1.tar"), "none");
  assert.equal(encodingOf("application/vnd.oci.image.layer.v1.tar+zstd"), "zstd");
  assert.equal(encodingOf("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"), "gzip");
  assert.equal(encodingOf("application/vnd.docker.image.rootfs.diff.tar.gzip"), "gzip");
  assert.equal(encodingOf("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"), "gzip");
  assert.equal(encodingOf("application/vnd.oci.image.layer.v1.tar+gzip+encrypted"), undefined);
  assert.equal(encodingOf("application/vnd.in-toto+json"), undefined);
  assert.equal(encodingOfBytes(Buffer.from([0x1f, 0x8b, 8])), "gzip");
  assert.equal(encodingOfBytes(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])), "zstd");
  assert.equal(encodingOfBytes(Buffer.from([0x50, 0x2a, 0x4d, 0x18])), "zstd");
  assert.equal(encodingOfBytes(Buffer.from("etc/")), "none");
});

test("platforms: names, order, what runs what", () => {
  const format = (text: string) => formatPlatform(parsePlatform(text));
  assert.equal(format("linux/x86_64"), "linux/amd64");
  assert.equal(format("linux/arm64/v8"), "linux/arm64");
  assert.equal(format("aarch64"), "linux/arm64");
  assert.equal(format("linux/arm"), "linux/arm/v7");
  assert.equal(format("linux/armel"), "linux/arm/v6");
  assert.equal(format("windows/amd64"), "windows/amd64");
  for (const text of ["", "a/b/c/d", "linux/", "linux/ä", "../x"])
    assert.equal(
      code(() => parsePlatform(text)),
      "registry/bad-platform",
      text,
    );
  const rank = (wanted: string, offered: string) => platformRank(parsePlatform(wanted), parsePlatform(offered));
  assert.equal(rank("linux/amd64", "linux/amd64"), 0);
  assert.equal(rank("linux/amd64", "linux/386"), 1);
  assert.equal(rank("linux/amd64", "linux/amd64/v2"), undefined);
  assert.ok(rank("linux/amd64/v3", "linux/amd64/v2")! < rank("linux/amd64/v3", "linux/amd64")!);
  assert.ok(rank("linux/arm64", "linux/arm64")! < rank("linux/arm64", "linux/arm/v7")!);
  assert.equal(rank("linux/arm/v6", "linux/arm/v7"), undefined);
  assert.equal(rank("linux/arm/v7", "linux/arm/v5"), 2);
  assert.equal(rank("linux/amd64", "windows/amd64"), undefined);
  assert.deepEqual(normalise({ os: "macOS", architecture: "X86_64", variant: "" }), {
    os: "darwin",
    architecture: "amd64",
    variant: "",
  });
});

test("a configuration gives names of the environment, and no secrets", () => {
  const { config, diffIds, gaps } = readConfig(
    bytesOf({
      architecture: "arm64",
      os: "linux",
      created: "2026-01-01T00:00:00Z",
      config: {
        User: "node",
        Env: ["PATH=/bin", "DB_PASSWORD=hunter2secret", "NAKED"],
        Entrypoint: ["/app", "--password=hunter2secret"],
        Cmd: "serve",
        ExposedPorts: { "80/tcp": {} },
        Healthcheck: { Test: ["NONE"] },
        Labels: { a: "b", token: "api_token=ghp_0123456789abcdefghijABCDEFGHIJ012345", __proto__: "x" },
      },
      rootfs: { type: "layers", diff_ids: [`sha256:${"1".repeat(64)}`] },
      history: [
        { created: "2026-01-01T00:00:00Z", created_by: "ENV DB_PASSWORD=hunter2secret" },
        { created_by: "RUN |1 TOKEN=hunter2secret /bin/sh -c make # buildkit", empty_layer: true },
      ],
    }),
    "x",
  );
  assert.equal(diffIds.length, 1);
  assert.deepEqual(config.environment, ["PATH", "DB_PASSWORD", "NAKED"]);
  assert.deepEqual(
    [config.user, config.hasHealthcheck, config.exposedPorts, config.command],
    ["node", false, ["80/tcp"], ["serve"]],
  );
  assert.equal(config.history[1]!.isEmptyLayer, true);
  assert.ok(!JSON.stringify(config).includes("hunter2secret"), JSON.stringify(config));
  assert.ok(!JSON.stringify(config).includes("ghp_0123456789"), JSON.stringify(config));
  assert.deepEqual(gaps, []);
});

test("no secret of a build stays in history and labels", () => {
  const lines = [
    "RUN /bin/sh -c curl -H 'Accept: */*' -u bob:SECRETone https://x # buildkit",
    "RUN |2 DB_PASS=SECRETtwo A=b /bin/bash -euxc wget --password=SECRETthree https://u:SECRETfour@h/",
    "/bin/sh -c #(nop)  ENV PGPASSWORD=SECRETfive",
    "RUN /bin/sh -c git clone https://SECRETsix@git.example/a/b && mysql -pSECRETseven",
  ];
  const labels = {
    token: "SECRETeight",
    "com.example/db-password": "SECRETnine",
    source: "https://SECRETten@git.example/a",
  };
  const kept = {
    "org.opencontainers.image.source": "https://git.example/a",
    "token-file": "/run/token",
    "api-key": "none",
  };
  const { config } = readConfig(
    bytesOf({
      rootfs: { diff_ids: [] },
      config: { Labels: { ...labels, ...kept } },
      history: lines.map((line) => ({ created_by: line })),
    }),
    "x",
  );
  assert.ok(!JSON.stringify(config).includes("SECRET"), JSON.stringify(config, null, 1));
  assert.match(
    config.history[0]!.createdBy,
    /^RUN \/bin\/sh -c curl -H 'Accept: \*\/\*' -u bob:‹redacted:.* https:\/\/x # buildkit$/,
  );
  for (const [name, value] of Object.entries(kept)) assert.equal(config.labels[name], value);
});

test("what is too long in a configuration is cut and told; what is no configuration is refused", () => {
  const long = readConfig(
    bytesOf({
      rootfs: { diff_ids: [] },
      config: { User: "u".repeat(1000), Env: Array.from({ length: 2000 }, () => "A=b") },
    }),
    "x",
  );
  assert.equal(long.config.user.length, 256);
  assert.equal(long.gaps[0]?.kind, "limit-reached");
  assert.equal(long.gaps[0]?.count, 1001);
  for (const data of [{}, [], null, { rootfs: { diff_ids: ["x"] } }, { rootfs: { diff_ids: [] }, history: "x" }]) {
    assert.equal(
      code(() => readConfig(bytesOf(data), "x")),
      "registry/bad-config",
      JSON.stringify(data),
    );
  }
  const many = { rootfs: { diff_ids: Array.from({ length: 501 }, () => `sha256:${"1".repeat(64)}`) } };
  assert.equal(
    code(() => readConfig(bytesOf(many), "x")),
    "registry/too-many-layers",
  );
});

test("any bytes are a manifest or a Fault", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        fc.record({ manifests: fc.jsonValue() }),
        fc.record({ config: fc.jsonValue(), layers: fc.jsonValue() }),
      ),
      (value) => {
        assert.match(
          code(() => parseManifest(bytesOf(JSON.stringify(value)), "", "x")),
          /^(|registry\/.*)$/,
        );
      },
    ),
  );
});
