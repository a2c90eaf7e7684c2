// The contract that the embedded API server is held to, on a real one: what both keep is what Garrison may rely on.
import { after, before, describe } from "node:test";
import { clusterMissing, startTestCluster, type TestCluster } from "../support/kubernetes/start-test-cluster.ts";
import { kubernetesContract } from "../support/kubernetes-contract.ts";
import { skipUnless } from "../support/skip.ts";

const missing = await clusterMissing("api");

describe("the contract, on a real API server", () => {
  let cluster: TestCluster;
  let users = 0;
  before(async () => {
    if (missing === "") cluster = await startTestCluster({ wants: "api" });
  });
  after(async () => {
    if (missing === "") await cluster.stop();
  });
  kubernetesContract(
    () => ({
      admin: cluster.admin,
      async limited(namespace, resources, verbs) {
        users += 1;
        const rules = [{ apiGroups: [""], resources, verbs }];
        return (await cluster.userKubeconfig({ name: `contract-${users}`, rules, namespace })).client;
      },
      expire: () => cluster.expireResourceVersions(),
    }),
    (context) => skipUnless(context, missing === "", missing),
  );
});
