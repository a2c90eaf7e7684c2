// Kubeconfigs: what is read, what is refused with its reason, and that files which rotate are read again.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { Fault } from "../../base/fault.ts";
import { inClusterSource, loadAccess, type KubeSource } from "./access.ts";

async function folder(context: TestContext): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), "garrison-kubeconfig-"));
  context.after(() => rm(made, { recursive: true, force: true }));
  return made;
}

function config(cluster: object, user: object = {}): string {
  return JSON.stringify({
    "current-context": "one",
    clusters: [{ name: "c", cluster: { server: "https://10.0.0.1:6443", ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [
      { name: "one", context: { cluster: "c", user: "u" } },
      { name: "lost", context: { cluster: "none", user: "u" } },
    ],
  });
}

async function load(context: TestContext, text: string, over: Partial<KubeSource & { kind: "file" }> = {}) {
  const file = path.join(await folder(context), "config");
  await writeFile(file, text);
  return await loadAccess({ kind: "file", file, context: "", plugins: "refused", ...over });
}

test("tokens, basic credentials and certificates", async (context) => {
  const token = await load(context, config({}, { token: "abc" }));
  assert.deepEqual(await token.headers(), { authorization: "Bearer abc" });
  assert.equal(token.context, "one");
  const basic = await load(context, config({}, { username: "u", password: "p" }));
  assert.deepEqual(await basic.headers(), { authorization: `Basic ${Buffer.from("u:p").toString("base64")}` });
  const pem = Buffer.from("a certificate").toString("base64");
  const secure = await load(
    context,
    config({ "certificate-authority-data": pem }, { "client-certificate-data": pem, "client-key-data": pem }),
  );
  assert.deepEqual([secure.ca, secure.certificate, secure.key].map(String), [
    "a certificate",
    "a certificate",
    "a certificate",
  ]);
  assert.deepEqual(await secure.headers(), {});
});

test("what is unsafe or wrong is refused with its reason", async (context) => {
  const cases: readonly [text: string, because: RegExp, over?: Partial<KubeSource & { kind: "file" }>][] = [
    [config({ "insecure-skip-tls-verify": true }), /skips the check/],
    [config({ server: "http://10.0.0.1" }), /not https/],
    [config({ server: "https://u:p@10.0.0.1" }), /holds a password/],
    [config({ server: "nonsense" }), /no URL/],
    [config({ "proxy-url": "http://proxy" }), /proxy/],
    [config({}, { exec: { command: "sh" } }), /run a program/],
    [config({}, { "auth-provider": { name: "gcp" } }), /run a program/],
    [config({ "certificate-authority": "missing.pem" }), /cannot be read/],
    [config({}), /no context "two"/, { context: "two" }],
    [config({}), /no cluster "none"/, { context: "lost" }],
    ["a: [", /not YAML/],
    ["[]", /not a kubeconfig/],
    ["", /not a kubeconfig/],
  ];
  for (const [text, because, over] of cases) {
    await assert.rejects(load(context, text, over), (thrown) => {
      assert.ok(thrown instanceof Fault);
      assert.equal(thrown.code, "kube/kubeconfig");
      assert.match(thrown.message, because);
      return true;
    });
  }
});

test("plain http is taken on loopback, a program where the operator named the file", async (context) => {
  assert.equal((await load(context, config({ server: "http://127.0.0.1:8001" }))).server.port, "8001");
  const allowed = await load(context, config({}, { exec: { command: "true" } }), { plugins: "allowed" });
  assert.equal(allowed.context, "one");
});

test("a changed file has another fingerprint, also one that it names", async (context) => {
  const made = await folder(context);
  const file = path.join(made, "config");
  await writeFile(path.join(made, "ca.pem"), "one");
  await writeFile(file, config({ "certificate-authority": "ca.pem" }, { token: "abc" }));
  const read = () => loadAccess({ kind: "file", file, context: "", plugins: "refused" });
  const [first, same] = [await read(), await read()];
  assert.equal(first.fingerprint, same.fingerprint);
  await writeFile(path.join(made, "ca.pem"), "two");
  assert.notEqual((await read()).fingerprint, first.fingerprint);
});

test("in a cluster: the service account's token and authority", async (context) => {
  assert.equal(inClusterSource({}), undefined);
  const source = inClusterSource({ KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" });
  assert.equal(source?.kind, "in-cluster");
  const made = await folder(context);
  await writeFile(path.join(made, "ca.crt"), "ca");
  await writeFile(path.join(made, "token"), "secret\n");
  const access = await loadAccess({ kind: "in-cluster", host: "fd00::1", port: "443", folder: made });
  assert.equal(access.server.href, "https://[fd00::1]/");
  assert.deepEqual(await access.headers(), { authorization: "Bearer secret" });
});
