// In which order the programs of a test cluster are looked for, and which settings of envtest are understood.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readAccess } from "./api-client.ts";
import { readyTimeoutMs } from "./control-plane.ts";
import { kubeconfigText } from "./pki.ts";
import { builtVersion, cacheFolder, findEtcd, findProgram } from "./programs.ts";

async function program(path: string, mode = 0o755): Promise<string> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, "", { mode });
  return path;
}

test("a program's own variable, then KUBEBUILDER_ASSETS, then the cache; what cannot be run is passed over", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "garrison-programs-"));
  context.after(() => rm(folder, { recursive: true }));
  const own = await program(join(folder, "own"));
  const assets = await program(join(folder, "assets/kube-apiserver"));
  const cached = await program(join(folder, "cache", builtVersion, "kube-apiserver"));
  const notRunnable = await program(join(folder, "plain"), 0o644);
  const all = { GARRISON_KUBERNETES_CACHE: join(folder, "cache"), KUBEBUILDER_ASSETS: join(folder, "assets") };
  const cases = [
    [{ ...all, TEST_ASSET_KUBE_APISERVER: own }, own],
    [{ ...all, TEST_ASSET_KUBE_APISERVER: notRunnable }, assets],
    [{ ...all, TEST_ASSET_KUBE_APISERVER: "" }, assets],
    [{ ...all, KUBEBUILDER_ASSETS: join(folder, "none") }, cached],
    [{ GARRISON_KUBERNETES_CACHE: join(folder, "none") }, undefined],
  ] as const;
  for (const [environment, expected] of cases)
    assert.equal(await findProgram("kube-apiserver", environment), expected, JSON.stringify(environment));
  assert.equal(await findEtcd({ TEST_ASSET_ETCD: own }), own);
  assert.equal(cacheFolder({ GARRISON_KUBERNETES_CACHE: "/x" }), "/x");
  assert.match(cacheFolder({}), /garrison.kubernetes$/);
});

test("the start's time limit is read as envtest reads it", () => {
  const cases = [
    ["20s", 20_000],
    ["2m", 120_000],
  ] as const;
  for (const [text, expected] of cases)
    assert.equal(readyTimeoutMs({ KUBEBUILDER_CONTROLPLANE_START_TIMEOUT: text }), expected);
  assert.ok(readyTimeoutMs({}) >= 60_000);
  for (const text of [" ", "5", "-1s", "1h"])
    assert.throws(() => readyTimeoutMs({ KUBEBUILDER_CONTROLPLANE_START_TIMEOUT: text }), /not like 60s/, text);
});

test("a kubeconfig that was written is read, one without credentials is refused", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "garrison-programs-"));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "kubeconfig");
  const common = { server: "https://127.0.0.1:1", caPem: "ca\n" };
  await writeFile(path, kubeconfigText({ ...common, user: { token: "t" } }));
  assert.deepEqual(await readAccess(path), { ...common, token: "t" });
  const pair = { certificatePem: "c\n", keyPem: "k\n" };
  await writeFile(path, kubeconfigText({ ...common, user: pair, namespace: "n" }));
  assert.deepEqual(await readAccess(path), { ...common, ...pair });
  await writeFile(path, kubeconfigText({ ...common, user: { token: "t" } }).replace("token: t", "exec: {}"));
  await assert.rejects(readAccess(path), /neither a token nor/);
});
