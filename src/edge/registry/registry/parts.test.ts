import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import * as fc from "fast-check";
import { Fault } from "../../../base/fault.ts";
import { forbiddenAddress, isLoopback, refuseAddress } from "./addresses.ts";
import { parseChallenges } from "./challenge.ts";
import { basicCredential, firstOf, keyLength, noCredentials, readDockerConfig, readPullSecret } from "./credentials.ts";
import { hostMatches, refuseRealm } from "./options.ts";

const bytesOf = (data: unknown) => Buffer.from(typeof data === "string" ? data : JSON.stringify(data));
const base64 = (text: string) => Buffer.from(text).toString("base64");

test("addresses that are never connected to, by any name", () => {
  const bad = [
    "169.254.169.254",
    "169.254.0.1",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "64:ff9b::7f00:1",
    "fe80::1",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "no address",
  ];
  for (const address of bad) assert.notEqual(forbiddenAddress(address), "", address);
  for (const address of [
    "10.1.2.3",
    "192.168.1.1",
    "172.16.0.1",
    "1.1.1.1",
    "2606:4700::1111",
    "fd12::1",
    "100.64.0.1",
  ]) {
    assert.equal(forbiddenAddress(address), "", address);
    refuseAddress(address, "x", false);
  }
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
    assert.ok(isLoopback(address), address);
    assert.throws(() => refuseAddress(address, "x", false), /loopback/);
    refuseAddress(address, "x", true);
  }
});

test("challenges are read as the field writes them", () => {
  const read = (header: string) =>
    parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
  const cases: readonly (readonly [string, unknown])[] = [
    ["", []],
    ['Basic realm="Registry Realm"', [["basic", { realm: "Registry Realm" }]]],
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      [
        [
          "bearer",
          { realm: "https://auth.docker.io/token", service: "registry.docker.io", scope: "repository:a/b:pull,push" },
        ],
      ],
    ],
    ['bearer  realm = "a\\"b" , x=y', [["bearer", { realm: 'a"b', x: "y" }]]],
    [
      'Negotiate, Basic realm="x"',
      [
        ["negotiate", {}],
        ["basic", { realm: "x" }],
      ],
    ],
    [
      'Basic realm="x", Bearer realm="y"',
      [
        ["basic", { realm: "x" }],
        ["bearer", { realm: "y" }],
      ],
    ],
    ['Bearer realm="never ends', [["bearer", { realm: "never ends" }]]],
  ];
  for (const [header, expected] of cases) assert.deepEqual(read(header), expected, header);
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (header) => Array.isArray(parseChallenges(header))));
});

test("which key of docker's configuration means a registry", () => {
  const cases: readonly (readonly [string, string, string, boolean])[] = [
    ["https://index.docker.io/v1/", "docker.io", "library/nginx", true],
    ["docker.io", "docker.io", "library/nginx", true],
    ["index.docker.io/v2", "docker.io", "x", true],
    ["registry:5000", "registry:5000", "x", true],
    ["registry", "registry:5000", "x", false],
    ["https://registry:5000/v2/", "registry:5000", "x", true],
    ["ghcr.io/ann", "ghcr.io", "ann/web", true],
    ["ghcr.io/ann", "ghcr.io", "anna/web", false],
    ["*.azurecr.io", "shop.azurecr.io", "x", true],
    ["*.azurecr.io", "a.b.azurecr.io", "x", false],
    ["*.dkr.ecr.*.amazonaws.com", "1.dkr.ecr.eu-west-1.amazonaws.com", "x", true],
    ["shop-*-x.example", "shop-1-x.example", "x", true],
    ["ghcr.io", "evilghcr.io", "x", false],
    ["ghcr.io.evil.example", "ghcr.io", "x", false],
  ];
  for (const [key, registry, repository, fits] of cases) {
    assert.equal(keyLength(key, registry, repository) > 0, fits, `${key} ${registry}/${repository}`);
  }
});

test("credentials of every shape; the longest key counts; nothing prints them", async () => {
  const source = readDockerConfig(
    bytesOf({
      auths: {
        "ghcr.io": { auth: base64("ann:one") },
        "ghcr.io/team": { username: "team", password: "two" },
        "https://index.docker.io/v1/": { auth: base64("hub:three\0\0") },
        "id.example": { auth: base64("x:y"), identitytoken: "four" },
        "bearer.example": { registrytoken: "five" },
        "empty.example": {},
      },
    }),
    { what: "config.json" },
  );
  const shown = async (registry: string, repository = "x") => {
    const found = await source.find(registry, repository);
    assert.ok(!/one|two|three|four|five/.test(inspect(found, { showHidden: true, depth: 9 }) + JSON.stringify(found)));
    return found === undefined ? undefined : [found.kind, found.user, found.reveal()];
  };
  assert.deepEqual(await shown("ghcr.io", "ann/x"), ["basic", "ann", "one"]);
  assert.deepEqual(await shown("ghcr.io", "team/x"), ["basic", "team", "two"]);
  assert.deepEqual(await shown("docker.io"), ["basic", "hub", "three"]);
  assert.deepEqual(await shown("id.example"), ["identity", "x", "four"]);
  assert.deepEqual(await shown("bearer.example"), ["bearer", "", "five"]);
  assert.equal(await shown("empty.example"), undefined);
  assert.equal(await shown("nowhere.example"), undefined);
});

test("Kubernetes' pull secrets, both types", async () => {
  const newer = {
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": base64(JSON.stringify({ auths: { r: { auth: base64("a:b") } } })) },
  };
  const older = {
    type: "kubernetes.io/dockercfg",
    data: { ".dockercfg": base64(JSON.stringify({ r: { auth: base64("c:d") } })) },
  };
  assert.equal((await readPullSecret(newer, "s").find("r", "x"))?.user, "a");
  assert.equal((await readPullSecret(older, "s").find("r", "x"))?.user, "c");
  const both = firstOf([noCredentials, readPullSecret(older, "s"), readPullSecret(newer, "s")]);
  assert.equal((await both.find("r", "x"))?.user, "c");
  for (const secret of [{}, { data: {} }, null, { data: { ".dockerconfigjson": base64("password=hunter2") } }]) {
    assert.throws(
      () => readPullSecret(secret, "shop/pull"),
      (thrown) =>
        thrown instanceof Fault &&
        thrown.code === "registry/bad-credentials" &&
        !inspect(thrown, { depth: 9 }).includes("hunter2"),
    );
  }
});

test("credential helpers run only when allowed", async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-helper-"));
  const before = process.env["PATH"];
  context.after(() => {
    process.env["PATH"] = before;
    rmSync(folder, { recursive: true });
  });
  const program = path.join(folder, "docker-credential-test");
  writeFileSync(
    program,
    '#!/bin/sh\nread server\ncase "$server" in\nyes*) echo "{\\"Username\\":\\"u\\",\\"Secret\\":\\"$server\\"}";;\nno*) echo "credentials not found in native keychain"; exit 1;;\n*) exit 2;; esac\n',
  );
  chmodSync(program, 0o755);
  process.env["PATH"] = `${folder}:${before}`;
  const config = bytesOf({
    credHelpers: {
      "yes.example": "test",
      "no.example": "test",
      "broken.example": "test",
      "evil.example": "../../bin/sh",
    },
  });
  const refused = readDockerConfig(config, { what: "config.json" });
  await assert.rejects(refused.find("yes.example", "x"), /docker-credential-test, which was not run/);
  const source = readDockerConfig(config, { what: "config.json", helpers: "run" });
  const found = await source.find("yes.example", "x");
  assert.deepEqual([found?.user, found?.reveal()], ["u", "yes.example"]);
  assert.equal(await source.find("no.example", "x"), undefined);
  await assert.rejects(source.find("broken.example", "x"), /gave no credential/);
  await assert.rejects(source.find("evil.example", "x"), /is no name/);
  assert.equal(await source.find("other.example", "x"), undefined);
  // A store that may not be asked is not known to hold anything.
  assert.equal(
    await readDockerConfig(bytesOf({ credsStore: "test" }), { what: "c" }).find("yes.example", "x"),
    undefined,
  );
});

test("host patterns and realms", () => {
  assert.ok(hostMatches("*.example.com", "a.example.com"));
  assert.ok(!hostMatches("*.example.com", "example.com"));
  assert.ok(!hostMatches("*.example.com", "aexample.com"));
  const refuses = (realm: string, registry: string, tokenRealms: readonly string[] = []) => {
    try {
      refuseRealm(new URL(realm), new URL(`https://${registry}`), registry, { tokenRealms });
      return false;
    } catch (thrown) {
      assert.ok(thrown instanceof Fault);
      return true;
    }
  };
  assert.ok(!refuses("https://auth.docker.io/token", "docker.io"));
  assert.ok(refuses("https://auth.docker.io.evil.example/token", "docker.io"));
  assert.ok(!refuses("https://git.example/jwt/auth", "git.example:5050"));
  assert.ok(refuses("http://git.example/jwt/auth", "git.example:5050"));
  assert.ok(refuses("https://auth.example/token", "r.example"));
  assert.ok(!refuses("https://auth.example/token", "r.example", ["auth.example"]));
  assert.ok(refuses("https://auth.example:444/token", "r.example", ["auth.example"]));
  assert.equal(basicCredential("u", "p").reveal(), "p");
});
