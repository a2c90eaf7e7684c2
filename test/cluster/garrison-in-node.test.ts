// Garrison itself in a real node: our image in containerd, the printed manifests in a real API server, pods that talk over a Service,
// and what Garrison says of them. Run by .ci/run; needs root.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { collectionPath, createAll, printedInstallation } from "../support/installation.ts";
import { at, type KubernetesObject } from "../support/kubernetes/api-client.ts";
import { until } from "../support/kubernetes/processes.ts";
import {
  clusterMissing,
  startTestCluster,
  type TestCluster,
  type TestNode,
} from "../support/kubernetes/start-test-cluster.ts";
import { skipUnless } from "../support/skip.ts";
import { writeOciLayout } from "../../tools/oci/layout.ts";
import { productImage } from "../../tools/oci/product.ts";

const missing = await clusterMissing("node");
const root = path.resolve(import.meta.dirname, "../..");
const readyMs = 180_000;

/** A row of `garrison flows -o json`, as far as it is looked at here. */
const FlowRow = z.looseObject({
  time: z.string(),
  reporter: z.string(),
  sourceNamespace: z.string(),
  sourceWorkload: z.string(),
  sourceReason: z.string(),
  destinationNamespace: z.string(),
  destinationWorkload: z.string(),
  destinationService: z.string(),
  destinationPort: z.number(),
  destinationReason: z.string(),
});
type FlowRow = z.infer<typeof FlowRow>;

const NodeRow = z.looseObject({
  name: z.string(),
  state: z.string(),
  fidelity: z.string(),
  fidelityBecause: z.string(),
});

describe("Garrison in a real node", () => {
  let cluster: TestCluster;
  let node: TestNode;
  let folder: string;

  before(async () => {
    if (missing !== "") return;
    folder = await mkdtemp(path.join(tmpdir(), "garrison-in-node-"));
    cluster = await startTestCluster({ wants: "node" });
    assert.ok(cluster.node !== undefined, "the given cluster has no node that images can be put on");
    node = cluster.node;
    const tar = path.join(folder, "image.tar");
    await writeOciLayout(await productImage(root, {}), { output: tar, compression: "none" });
    await node.importImage(tar);
    await rm(tar);
    await install(cluster, path.join(folder, "agent"));
  });
  after(async () => {
    if (missing !== "") return;
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** The one pod of a component, when it is Ready. */
  async function readyPod(namespace: string, selector: string): Promise<KubernetesObject> {
    return until(`a ready pod of ${selector}`, readyMs, async () => {
      const { items = [] } = await cluster.admin.get(`/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`);
      const found = items.find((item) => conditionOf(item, "Ready") === "True");
      return found as KubernetesObject | undefined;
    });
  }

  /** A command of Garrison inside the server's container, as `kubectl exec` would run it. */
  async function garrison(...words: readonly string[]): Promise<string> {
    const pid = await pidOf(node, await readyPod("garrison", "app.kubernetes.io/component=server"));
    const enter = ["--target", String(pid), "--mount", "--net", "--setuid", "65532", "--setgid", "65532", "--"];
    const program = ["/usr/local/bin/node", "/opt/garrison/bin/garrison.js"];
    return node.run("nsenter", [...enter, ...program, ...words, "--data", "/var/lib/garrison/data"]);
  }

  test("server and agent become ready with no right that the manifest does not name", async (context) => {
    if (!skipUnless(context, missing === "", missing)) return;
    const server = await readyPod("garrison", "app.kubernetes.io/component=server");
    const agent = await readyPod("garrison", "app.kubernetes.io/component=agent");
    const agentRights = await rightsOf(node, agent);
    const names = ["BPF", "PERFMON", "NET_ADMIN", "SYS_PTRACE"];
    assert.deepEqual(agentRights, { capabilities: maskOf(names), noNewPrivileges: "1", seccomp: "2", user: "0" });
    const serverRights = await rightsOf(node, server);
    assert.deepEqual(serverRights, { capabilities: 0n, noNewPrivileges: "1", seccomp: "2", user: "65532" });
  });

  test("the agent joined by its token under its node's name", async (context) => {
    if (!skipUnless(context, missing === "", missing)) return;
    const found = await until("the agent is connected", readyMs, async () => {
      const rows = linesOf(NodeRow, await garrison("agent", "list", "-o", "jsonl"));
      return rows.find(({ name, state }) => name === node.name && state === "connected");
    });
    assert.equal(found.fidelity, "polled");
    assert.match(found.fidelityBecause, /process namespace/);
  });

  // The node here has a process namespace of its own inside the machine, so that the agent must poll and says so; kernel programs under
  // the same capabilities and seccomp load in it as well (sensor.fidelity kernel), but speak of the machine's process numbers.
  test("a flow between two pods over a Service carries the workloads' names on both ends", async (context) => {
    if (!skipUnless(context, missing === "", missing)) return;
    const startedMs = Date.now();
    await startShop(cluster, node);
    await readyPod("shop", "app=web");
    await readyPod("shop", "app=client");
    const isShop = (flow: FlowRow): boolean => flow.sourceNamespace === "shop" || flow.destinationNamespace === "shop";
    let last: readonly FlowRow[] = [];
    const found = await until("a flow from client to web", readyMs, async () => {
      const rows = linesOf(FlowRow, await garrison("flows", "--since", "10m", "--last", "1000", "-o", "jsonl"));
      last = rows.filter(isShop);
      return rows.find(
        (flow) =>
          Date.parse(flow.time) >= startedMs &&
          flow.sourceNamespace === "shop" &&
          flow.sourceWorkload === "client" &&
          flow.destinationNamespace === "shop" &&
          flow.destinationWorkload === "web" &&
          flow.destinationService === "web",
      );
    }).catch((error: unknown) => {
      throw new Error(`none; what is known of shop: ${JSON.stringify(last.slice(-5), undefined, 1)}`, { cause: error });
    });
    context.diagnostic(JSON.stringify(found));
  });

  test("what was installed can be removed", async (context) => {
    if (!skipUnless(context, missing === "", missing)) return;
    const objects = await printedInstallation("--storage", "ephemeral", "--keep-trust");
    for (const object of [...objects].reverse())
      await cluster.admin.remove(`${collectionPath(object)}/${object.metadata.name}`);
    await until("the namespace is gone", readyMs, async () => {
      const { status } = await cluster.admin.request("GET", "/api/v1/namespaces/garrison");
      return status === 404 ? true : undefined;
    });
  });
});

/** One JSON object a line. */
function linesOf<Row>(schema: z.ZodType<Row>, text: string): readonly Row[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => schema.parse(JSON.parse(line)));
}

/** All that is printed, with the Service's address in the place of a cluster DNS, which this cluster does not have. */
async function install({ admin }: TestCluster, stateFolder: string): Promise<void> {
  const objects = await printedInstallation("--storage", "ephemeral", "--cluster", "test");
  const isAgent = ({ kind }: KubernetesObject): boolean => kind === "DaemonSet";
  await createAll(
    admin,
    objects.filter((object) => !isAgent(object)),
  );
  const service = await admin.get("/api/v1/namespaces/garrison/services/garrison-agents");
  const ip = at(service, "spec", "clusterIP");
  const [agent] = objects.filter(isAgent);
  assert.ok(agent !== undefined);
  const spec = at(agent, "spec", "template", "spec") as Record<string, unknown>;
  spec["hostAliases"] = [{ ip, hostnames: ["garrison-agents"] }];
  // The node shares the machine's disk: what an agent of an earlier run kept there must not be told again.
  const volumes = at(spec, "volumes");
  const state = Array.isArray(volumes) ? volumes.find((volume) => at(volume, "name") === "state") : undefined;
  assert.equal(at(state, "hostPath", "path"), "/var/lib/garrison-agent");
  (at(state, "hostPath") as Record<string, unknown>)["path"] = stateFolder;
  await createAll(admin, [agent]);
}

/** Two Deployments that talk over a Service by its cluster address. */
async function startShop({ admin }: TestCluster, { busyboxImage }: TestNode): Promise<void> {
  await admin.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  const service = await admin.create("/api/v1/namespaces/shop/services", {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "shop" },
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  const address = String(at(service, "spec", "clusterIP"));
  const scripts = {
    web: "exec nc -ll -p 8080 -e cat",
    // Some seconds each: where only polling is possible, a shorter one would be gone before the next look.
    client: `while true; do (echo ping; sleep 4) | nc ${address} 80; done`,
  };
  for (const [name, script] of Object.entries(scripts)) {
    const container = { name, image: busyboxImage, imagePullPolicy: "Never", command: ["/bin/sh", "-c", script] };
    const labels = { app: name };
    await admin.create("/apis/apps/v1/namespaces/shop/deployments", {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace: "shop" },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [container], terminationGracePeriodSeconds: 0 },
        },
      },
    });
  }
}

function conditionOf(object: unknown, type: string): unknown {
  const conditions = at(object, "status", "conditions");
  const found = Array.isArray(conditions) ? conditions.find((one) => at(one, "type") === type) : undefined;
  return at(found, "status");
}

/** First process of the pod's only container, as the node numbers it. */
async function pidOf(node: TestNode, pod: KubernetesObject): Promise<number> {
  const id = String(at(pod, "status", "containerStatuses", 0, "containerID")).replace("containerd://", "");
  const tasks = await node.run("/usr/bin/ctr", ["-n", "k8s.io", "tasks", "ls"]);
  const pid = Number(new RegExp(`^${id}\\s+(\\d+)`, "m").exec(tasks)?.[1]);
  assert.ok(pid > 0, `no process of ${id} in:\n${tasks}`);
  return pid;
}

async function rightsOf(node: TestNode, pod: KubernetesObject): Promise<Record<string, unknown>> {
  const status = await node.run("/bin/cat", [`/proc/${await pidOf(node, pod)}/status`]);
  const field = (name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(status)?.[1] ?? "";
  assert.equal(field("CapBnd"), field("CapEff"));
  return {
    capabilities: BigInt(`0x${field("CapBnd")}`),
    noNewPrivileges: field("NoNewPrivs"),
    seccomp: field("Seccomp"),
    user: field("Uid"),
  };
}

/** Numbers of linux/capability.h. */
function maskOf(names: readonly string[]): bigint {
  const numbers: Readonly<Record<string, bigint>> = { NET_ADMIN: 12n, SYS_PTRACE: 19n, PERFMON: 38n, BPF: 39n };
  // oxlint-disable-next-line no-bitwise -- a mask of capabilities
  return names.reduce((mask, name) => mask | (1n << (numbers[name] ?? 0n)), 0n);
}
