// The authority on a real folder: files and modes, what a CSR can and cannot choose, renewal, and half a CA.
import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { generateKeyPairSync, webcrypto, X509Certificate } from "node:crypto";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import "../../base/reflect-metadata.ts";
import {
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  ExtensionsAttribute,
} from "@peculiar/x509";
import { manualClock } from "../../base/clock.ts";
import type { Fault } from "../../base/fault.ts";
import { identityOf, identityOfNames, isIdentityName, normalSerial } from "./agent-identity.ts";
import { openCertificateAuthority } from "./certificate-authority.ts";

const startMs = Date.now();

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), "garrison-trust-"));
  try {
    await run(join(parent, "pki"));
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function csr(name: string, namedCurve = "P-256"): Promise<string> {
  const keys = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve }, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name,
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    attributes: [
      new ExtensionsAttribute([
        new SubjectAlternativeNameExtension([{ type: "url", value: "garrison://cluster/home/node/victim" }]),
      ]),
    ],
  });
  return request.toString("pem");
}

test("a CSR gives its key only: subject and names are the server's", async () => {
  await inFolder(async (folder) => {
    const authority = await openCertificateAuthority({ folder, names: [], clock: manualClock(startMs) });
    const issued = await authority.issue(await csr("CN=victim,O=garrison"), { cluster: "home", node: "a" });
    const certificate = new X509Certificate(issued.certificatePem);
    deepEqual(identityOf(certificate), { cluster: "home", node: "a" });
    equal(certificate.subject, "CN=garrison-agent");
    equal(normalSerial(certificate.serialNumber), issued.serial);
    ok(certificate.verify(new X509Certificate(authority.caPem).publicKey));
    equal(issued.expiresAtMs - startMs, 24 * 3600 * 1000);
    ok(Math.abs(Date.parse(certificate.validTo) - issued.expiresAtMs) < 1000);
  });
});

test("folder 0700, keys 0600, and a second start reads the same authority and server certificate", async () => {
  await inFolder(async (folder) => {
    const clock = manualClock(startMs);
    const first = await openCertificateAuthority({ folder, names: ["garrison.example"], clock });
    const server = await first.server();
    equal((await stat(folder)).mode & 0o777, 0o700);
    for (const name of await readdir(folder)) equal((await stat(join(folder, name))).mode & 0o777, 0o600, name);
    const second = await openCertificateAuthority({ folder, names: ["garrison.example"], clock });
    equal(second.caSha256, first.caSha256);
    const again = await second.server();
    deepEqual([again.renewed, again.chainPem], [false, server.chainPem]);
    const leaf = new X509Certificate(server.chainPem);
    for (const host of ["localhost", "garrison.example"]) equal(leaf.checkHost(host), host);
    for (const ip of ["127.0.0.1", "::1"]) ok(leaf.checkIP(ip));
  });
});

test("the server's certificate renews itself before its end and when a name is added", async () => {
  await inFolder(async (folder) => {
    const clock = manualClock(startMs);
    const authority = await openCertificateAuthority({ folder, names: [], clock });
    const first = await authority.server();
    clock.advance(61 * 24 * 3600 * 1000);
    const second = await authority.server();
    deepEqual([first.renewed, second.renewed], [true, true]);
    notEqual(second.chainPem, first.chainPem);
    const renamed = await openCertificateAuthority({ folder, names: ["new.example"], clock });
    equal((await renamed.server()).renewed, true);
  });
});

test("half a CA is a clear fault, and is not replaced in silence", async () => {
  for (const gone of ["ca.key", "ca.crt"]) {
    await inFolder(async (folder) => {
      await openCertificateAuthority({ folder, names: [], clock: manualClock(startMs) });
      await rm(join(folder, gone));
      await rejects(openCertificateAuthority({ folder, names: [], clock: manualClock(startMs) }), {
        code: "trust/half-a-ca",
      });
    });
  }
});

test("bad requests are refused by name", async () => {
  await inFolder(async (folder) => {
    const authority = await openCertificateAuthority({ folder, names: [], clock: manualClock(startMs) });
    const good = await csr("CN=x");
    const tampered = good.replace(/\n([A-Za-z0-9+/]{20})/, (_whole: string, head: string) => `\n${head.slice(0, 19)}A`);
    const rsa = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    }).publicKey;
    const cases: readonly [string, string, string][] = [
      ["", "a", "trust/bad-csr"],
      ["not pem", "a", "trust/bad-csr"],
      [rsa, "a", "trust/bad-csr"],
      [await csr("CN=x", "P-384"), "a", "trust/bad-csr"],
      [tampered, "a", "trust/bad-csr"],
      [`${good}${"x".repeat(20_000)}`, "a", "trust/bad-csr"],
      [good, "../b", "trust/bad-name"],
      [good, "a/node/b", "trust/bad-name"],
      [good, "", "trust/bad-name"],
      [good, "a,URI:garrison://cluster/home/node/b", "trust/bad-name"],
    ];
    for (const [request, node, code] of cases) {
      await rejects(authority.issue(request, { cluster: "home", node }), (fault: Fault) => {
        equal(fault.code, code, `${node} ${fault.message}`);
        return true;
      });
    }
  });
});

test("an identity is exactly one URI name of our grammar", () => {
  const cases: readonly [string | undefined, string][] = [
    ["URI:garrison://cluster/home/node/local", "home local"],
    ["URI:garrison://cluster/home/node/ip-10-0-0-1.ec2.internal", "home ip-10-0-0-1.ec2.internal"],
    [undefined, "none"],
    ["DNS:localhost", "none"],
    ["URI:garrison://cluster/home/node/a, URI:garrison://cluster/home/node/b", "none"],
    ["URI:garrison://cluster/home/node/a, DNS:x", "none"],
    ["URI:garrison://cluster/home/node/..", "none"],
    ["URI:garrison://cluster/home/node/a/../b", "none"],
    ['URI:"garrison://cluster/home/node/a"', "none"],
  ];
  for (const [names, expected] of cases) {
    const identity = identityOfNames(names);
    equal(identity === undefined ? "none" : `${identity.cluster} ${identity.node}`, expected, names ?? "no names");
  }
  equal(isIdentityName("x".repeat(254)), false);
  match(normalSerial("00AB"), /^ab$/);
});

test("the server's certificate is no agent identity", async () => {
  await inFolder(async (folder) => {
    const authority = await openCertificateAuthority({ folder, names: [], clock: manualClock(startMs) });
    equal(identityOf(new X509Certificate((await authority.server()).chainPem)), undefined);
    equal(identityOf(new X509Certificate(authority.caPem)), undefined);
  });
});
