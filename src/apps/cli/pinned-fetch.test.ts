// The command line and its own server over TLS: known by the certificate, whatever names are in it; nothing is said to another one.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import https from "node:https";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { openCertificateAuthority } from "../../edge/trust/certificate-authority.ts";
import { call } from "../server/contract/client.ts";
import { pinnedFetch } from "./pinned-fetch.ts";

async function serverOf(t: TestContext) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "garrison-pin-"));
  t.after(() => rm(folder, { recursive: true }));
  const clock = { nowMs: () => Date.now() };
  const authority = await openCertificateAuthority({ folder, names: ["garrison.example"], clock });
  const { keyPem, chainPem } = await authority.server();
  const seen: string[] = [];
  const server = https.createServer({ key: keyPem, cert: chainPem }, (request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
      response.writeHead(200, { "content-type": "application/json", "x-two": ["a", "b"] });
      response.end(JSON.stringify({ token: "t", info: { id: "1" } }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const pin = new X509Certificate(chainPem).fingerprint256.replaceAll(":", "").toLowerCase();
  return { base: `https://127.0.0.1:${port}`, pin, seen };
}

const body = { cluster: "shop" };

test("calls reach the server that shows the certificate", async (t) => {
  const { base, pin, seen } = await serverOf(t);
  const client = { base, headers: { authorization: "Bearer x" }, fetch: pinnedFetch(pin) };
  const answer = await call(client, "createJoinToken", { body });
  assert.equal(answer.token, "t");
  assert.deepEqual(seen, ['POST /api/v1/join-tokens Bearer x {"cluster":"shop"}']);
  const response = await client.fetch(`${base}/x`);
  assert.equal(response.headers.get("x-two"), "a, b");
  await response.body?.cancel();
});

test("another certificate gets nothing, and an abort ends the call", async (t) => {
  const { base, pin, seen } = await serverOf(t);
  const other = { base, headers: { authorization: "Bearer x" }, fetch: pinnedFetch("0".repeat(64)) };
  await assert.rejects(call(other, "createJoinToken", { body }), { code: "cli/other-certificate" });
  const aborted = { ...other, fetch: pinnedFetch(pin) };
  await assert.rejects(call(aborted, "createJoinToken", { body, signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.deepEqual(seen, []);
});

test("nobody there is an error, not a hang", async () => {
  await assert.rejects(pinnedFetch("0".repeat(64))("https://127.0.0.1:9/"), { code: "ECONNREFUSED" });
});
