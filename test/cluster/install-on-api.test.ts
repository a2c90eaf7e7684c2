// The printed manifests before a real API server: it takes every object, drops no field of ours, and gives exactly the rights that are meant.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { at, type KubernetesObject } from "../support/kubernetes/api-client.ts";
import { clusterMissing, startTestCluster, type TestCluster } from "../support/kubernetes/start-test-cluster.ts";
import { collectionPath, createAll, printedInstallation } from "../support/installation.ts";
import { skipUnless } from "../support/skip.ts";

const missing = await clusterMissing("api");

/** Paths of what was sent and is not there as sent. Secrets come back encoded; defaults may be added. */
function lost(sent: unknown, kept: unknown, where: string): readonly string[] {
  if (typeof sent !== "object" || sent === null) return sent === kept ? [] : [`${where}: ${JSON.stringify(kept)}`];
  return Object.entries(sent).flatMap(([key, value]) => {
    if (key === "stringData") return [];
    return lost(value, at(kept, key), `${where}.${key}`);
  });
}

const overlays: readonly (readonly string[])[] = [
  ["--overlay", "small", "--namespace", "small", "--storage-class", "fast"],
  ["--overlay", "production", "--namespace", "production", "--console-host", "garrison.example.org"],
  ["--overlay", "agent-only", "--namespace", "agents", "--server-address", "garrison.example.org:8687", "--keep-trust"],
];

describe("garrison install on a real API server", () => {
  let cluster: TestCluster;
  before(async () => {
    if (missing === "") cluster = await startTestCluster({ wants: "api" });
  });
  after(async () => {
    if (missing === "") await cluster.stop();
  });

  for (const words of overlays) {
    test(`${words[1] ?? ""}: every object is taken as it was meant`, async (context) => {
      if (!skipUnless(context, missing === "", missing)) return;
      const sent = await printedInstallation(...words);
      const kept = await createAll(cluster.admin, sent);
      const changed = sent.flatMap((object, index) => lost(object, kept[index], object.kind ?? ""));
      assert.deepEqual(changed, []);
    });
  }

  test("a second installation does not replace the trust of the first", async (context) => {
    if (!skipUnless(context, missing === "", missing)) return;
    const { admin } = cluster;
    const again = await printedInstallation(...(overlays[0] ?? []));
    const secrets = again.filter(({ kind }) => kind === "Secret");
    assert.equal(secrets.length, 2);
    for (const secret of secrets) {
      const path = `${collectionPath(secret)}/${secret.metadata.name}`;
      const before = (await admin.get(path)) as KubernetesObject & { data?: unknown };
      const answer = await admin.request("PATCH", path, secret);
      assert.equal(answer.status, 422, JSON.stringify(answer.body));
      assert.deepEqual((await admin.get(path))["data"], before["data"]);
    }
  });

  test("the server's account reads the inventory and nothing else; the agent's reads nothing", async (context) => {
    if (!skipUnless(context, missing === "", missing)) return;
    const cases: readonly [string, string, string, string, boolean][] = [
      ["garrison-server", "list", "", "pods", true],
      ["garrison-server", "watch", "", "nodes", true],
      ["garrison-server", "watch", "", "events", true],
      ["garrison-server", "list", "apps", "replicasets", true],
      ["garrison-server", "list", "batch", "cronjobs", true],
      ["garrison-server", "list", "discovery.k8s.io", "endpointslices", true],
      ["garrison-server", "list", "networking.k8s.io", "networkpolicies", true],
      ["garrison-server", "list", "", "secrets", false],
      ["garrison-server", "get", "", "configmaps", false],
      ["garrison-server", "create", "", "pods", false],
      ["garrison-server", "delete", "apps", "deployments", false],
      ["garrison-agent", "list", "", "pods", false],
      ["garrison-agent", "get", "", "nodes", false],
    ];
    for (const [account, verb, group, resource, allowed] of cases) {
      const review = {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        metadata: { name: "" },
        spec: {
          user: `system:serviceaccount:small:${account}`,
          groups: ["system:serviceaccounts", "system:serviceaccounts:small", "system:authenticated"],
          resourceAttributes: { verb, group, resource, namespace: "default" },
        },
      };
      const answer = await cluster.admin.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review);
      assert.equal(at(answer, "status", "allowed"), allowed, `${account} ${verb} ${group}/${resource}`);
    }
  });
});
