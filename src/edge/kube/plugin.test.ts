// Programs that make credentials: run once for many requests, never waited for too long, their certificate used, their secrets not shown.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TLSSocket } from "node:tls";
import { test, type TestContext } from "node:test";
import { makeAuthority } from "../../../test/support/kubernetes/pki.ts";
import { Fault } from "../../base/fault.ts";
import { loadAccess } from "./access.ts";
import { httpsTransport } from "./https-transport.ts";
import { kubeLimits } from "./limits.ts";
import { createPlugin } from "./plugin.ts";

/** A kubeconfig whose user runs `script` with sh, in a folder of its own. */
async function kubeconfig(context: TestContext, script: string, cluster: object = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), "garrison-plugin-"));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, "config");
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "sh",
    args: ["-c", script, "sh", folder],
    interactiveMode: "Never",
  };
  const text = JSON.stringify({
    "current-context": "one",
    clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:1", ...cluster } }],
    users: [{ name: "u", user: { exec } }],
    contexts: [{ name: "one", context: { cluster: "c", user: "u" } }],
  });
  await writeFile(file, text);
  return { folder, file };
}

const credential = (status: object) =>
  `echo '${JSON.stringify({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status })}'`;

test("one program runs for many requests, and again when what it gave is old", async (context) => {
  const { folder, file } = await kubeconfig(context, `echo run >> "$1/runs"; ${credential({ token: "abc" })}`);
  const runs = async () => (await readFile(path.join(folder, "runs"), "utf8")).trim().split("\n").length;
  const access = await loadAccess({ kind: "file", file, context: "", plugins: "allowed" });
  const asked = await Promise.all([access.headers(), access.headers(), access.clientPair?.()]);
  assert.deepEqual(asked, [{ Authorization: "Bearer abc" }, { Authorization: "Bearer abc" }, undefined]);
  await access.headers();
  assert.equal(await runs(), 1);
  const ask = createPlugin(file, "one", { ...kubeLimits, pluginKeptMs: 0 });
  await ask();
  await ask();
  assert.equal(await runs(), 3);
});

test("a program that hangs holds up nobody: a signal, a deadline, and it is killed", async (context) => {
  const { file } = await kubeconfig(context, "exec sleep 1000");
  await assert.rejects(createPlugin(file, "one", { ...kubeLimits, pluginMsMax: 100 })(), { code: "kube/credential" });
  const hung = async () => await new Promise<never>(() => undefined);
  const access = {
    ...(await loadAccess({ kind: "file", file, context: "", plugins: "allowed" })),
    headers: hung,
    clientPair: hung,
  };
  const late = httpsTransport(access, { ...kubeLimits, pluginMsMax: 50 });
  await assert.rejects(late.get({ path: "/version", signal: new AbortController().signal }), {
    code: "kube/credential",
  });
  const stop = new AbortController();
  const stopped = httpsTransport(access).get({ path: "/version", signal: stop.signal });
  stop.abort();
  await assert.rejects(stopped, { name: "AbortError" });
});

test("what a program says is redacted and short", async (context) => {
  const token = "hunter2Hunter2";
  const script = `echo "login failed (command=curl -u alice:${token} https://idp) $(printf '%01000d' 0)" >&2; exit 3`;
  const { file } = await kubeconfig(context, script);
  await assert.rejects(createPlugin(file, "one")(), (thrown) => {
    assert.ok(thrown instanceof Fault);
    assert.match(thrown.message, /login failed/);
    assert.ok(!thrown.message.includes(token) && thrown.message.length < 260, thrown.message);
    assert.equal(thrown.cause, undefined);
    return true;
  });
});

test("a certificate that a program gives is shown to the server", async (context) => {
  const authority = await makeAuthority("ca");
  const serving = await authority.issue({ commonName: "server", names: ["127.0.0.1"] });
  const client = await authority.issue({ commonName: "alice" });
  const server = https.createServer(
    { cert: serving.certificatePem, key: serving.keyPem, ca: authority.caPem, requestCert: true },
    (request, response) => response.end(String((request.socket as TLSSocket).getPeerCertificate().subject?.CN)),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const status = { clientCertificateData: client.certificatePem, clientKeyData: client.keyPem };
  const { folder, file } = await kubeconfig(context, 'cat "$1/credential"', {
    server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    "certificate-authority-data": Buffer.from(authority.caPem).toString("base64"),
  });
  await writeFile(path.join(folder, "credential"), JSON.stringify({ kind: "ExecCredential", status }));
  const transport = httpsTransport(await loadAccess({ kind: "file", file, context: "", plugins: "allowed" }));
  const answer = await transport.get({ path: "/version", signal: new AbortController().signal });
  let name = "";
  for await (const part of answer.body) name += Buffer.from(part).toString();
  transport.close();
  assert.equal(name, "alice");
});
