// Signatures in cosign's form, made here (Debian has no cosign, and its skopeo signs without it), pushed to Debian's docker-registry and judged by the real command line.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createSign, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { registryMissing, skopeo, startDockerRegistry } from "../support/docker-registry.ts";
import { skipUnless } from "../support/skip.ts";
import { sha256Of, tarOf, writeOciLayout } from "../support/tar.ts";

const main = path.resolve(import.meta.dirname, "../../bin/garrison.js");

interface Result {
  readonly code: number;
  readonly output: string;
}

function garrison(...args: readonly string[]): Promise<Result> {
  const { promise, resolve } = Promise.withResolvers<Result>();
  const child = execFile(process.execPath, [main, "image", "verify", ...args], (_error, stdout, stderr) => {
    resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
  });
  return promise;
}

/** As cosign sign does: the payload as a blob, its signature beside it in the manifest of the tag that stands for the digest. */
async function sign(host: string, repository: string, digest: string, privateKey: string): Promise<void> {
  const identity = { "docker-reference": `${host}/${repository}` };
  const critical = { identity, image: { "docker-manifest-digest": digest }, type: "cosign container image signature" };
  const payload = Buffer.from(JSON.stringify({ critical, optional: null }));
  const api = `http://${host}/v2/${repository}`;
  const blob = async (bytes: Buffer) => {
    const begun = await fetch(`${api}/blobs/uploads/`, { method: "POST" });
    const url = new URL(begun.headers.get("location") ?? "", api);
    url.searchParams.set("digest", sha256Of(bytes));
    const done = await fetch(url, {
      method: "PUT",
      body: bytes.toString(),
      headers: { "content-type": "application/octet-stream" },
    });
    assert.equal(done.status, 201);
    return { digest: sha256Of(bytes), size: bytes.length };
  };
  const signature = createSign("sha256").update(payload).sign(privateKey).toString("base64");
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...(await blob(Buffer.from("{}"))) },
    layers: [
      {
        mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
        ...(await blob(payload)),
        annotations: { "dev.cosignproject.cosign/signature": signature },
      },
    ],
  };
  const tag = `${digest.replace(":", "-")}.sig`;
  const put = await fetch(`${api}/manifests/${tag}`, {
    method: "PUT",
    body: JSON.stringify(manifest),
    headers: { "content-type": mediaType },
  });
  assert.equal(put.status, 201, await put.text());
}

test("garrison image verify: signed, unsigned, another key, a moved tag, a copied signature", async (context) => {
  const missing = registryMissing();
  if (!skipUnless(context, missing === "", missing)) return;
  const registry = await startDockerRegistry("open");
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-signatures-"));
  context.after(async () => {
    await registry.stop();
    rmSync(folder, { recursive: true });
  });
  const pair = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const other = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const at = (name: string) => path.join(folder, name);
  writeFileSync(at("cosign.key"), pair.privateKey);
  writeFileSync(at("cosign.pub"), pair.publicKey);
  writeFileSync(at("other.pub"), other.publicKey);
  writeOciLayout(at("one"), { layers: [tarOf([{ path: "a", body: "1" }])], tag: "1" });
  writeOciLayout(at("two"), { layers: [tarOf([{ path: "a", body: "2" }])], tag: "1" });

  const web = `${registry.host}/shop/web`;
  const push = (layout: string, to: string) =>
    skopeo("copy", "-q", ...registry.skopeoTo, `oci:${at(layout)}:1`, `docker://${to}`);
  const digestOf = async (name: string) =>
    (await skopeo("inspect", "--tls-verify=false", "--format", "{{.Digest}}", `docker://${name}`)).trim();
  await push("one", `${web}:1`);
  await push("two", `${web}:2`);
  await sign(registry.host, "shop/web", await digestOf(`${web}:1`), pair.privateKey);

  const key = ["--key", at("cosign.pub")];
  const signed = await garrison(`${web}:1`, ...key);
  assert.deepEqual(
    [signed.code, signed.output.startsWith("verified "), /signed by key \(ECDSA P-256\)/.test(signed.output)],
    [0, true, true],
    signed.output,
  );
  const asJson = await garrison(`${web}:1`, ...key, "-o", "json");
  assert.equal((JSON.parse(asJson.output) as { verdict: string }).verdict, "verified");

  const unsigned = await garrison(`${web}:2`, ...key);
  assert.deepEqual([unsigned.code, unsigned.output.startsWith("unsigned ")], [3, true], unsigned.output);
  const wrongKey = await garrison(`${web}:1`, "--key", at("other.pub"));
  assert.deepEqual([wrongKey.code, /not by this key/.test(wrongKey.output)], [3, true], wrongKey.output);
  const two = await garrison(`${web}:1`, ...key, "--key", at("other.pub"), "--require", "all");
  assert.equal(two.code, 3, two.output);

  // The tag is moved to other content: the old signature says nothing of it.
  await push("two", `${web}:1`);
  assert.equal((await garrison(`${web}:1`, ...key)).code, 3);
  // The signature of one digest is put where another's is looked for.
  await push("one", `${web}:1`);
  const [one, moved] = [await digestOf(`${web}:1`), await digestOf(`${web}:2`)];
  const api = `http://${registry.host}/v2/shop/web/manifests`;
  const type = "application/vnd.oci.image.manifest.v1+json";
  const signature = await (await fetch(`${api}/${one.replace(":", "-")}.sig`, { headers: { accept: type } })).text();
  const put = await fetch(`${api}/${moved.replace(":", "-")}.sig`, {
    method: "PUT",
    body: signature,
    headers: { "content-type": type },
  });
  assert.equal(put.status, 201);
  const replayed = await garrison(`${web}:2`, ...key);
  assert.deepEqual([replayed.code, /another digest/.test(replayed.output)], [3, true], replayed.output);

  writeFileSync(
    at("policy.yaml"),
    `images: ["${registry.host}/other/**"]\nauthorities:\n  - { kind: key, name: ours, publicKeyFile: cosign.pub }\n`,
  );
  const uncovered = await garrison(`${web}:1`, "--policy", at("policy.yaml"));
  assert.deepEqual([uncovered.code, uncovered.output.startsWith("unknown ")], [7, true], uncovered.output);
  for (const flags of [
    [],
    ["--key", at("cosign.key")],
    ["--key", at("absent")],
    ["--identity", "x"],
    ["--key", at("policy.yaml")],
  ]) {
    const { code, output } = await garrison(`${web}:1`, ...flags);
    assert.ok(code === 2 || code === 5, `${flags.join(" ")}: ${code} ${output}`);
  }
  assert.equal((await garrison("127.0.0.1:1/x", ...key)).code, 7);
});
