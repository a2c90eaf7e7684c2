// A real node: pods run, reach each other through a Service, end when they misbehave, and nothing of it is left on the machine afterwards.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { entryOfFile } from "../../tools/oci/entries.ts";
import { writeOciLayout } from "../../tools/oci/layout.ts";
import { at, type KubernetesObject } from "../support/kubernetes/api-client.ts";
import { clusterMissing, startTestCluster, type TestCluster } from "../support/kubernetes/start-test-cluster.ts";
import { skipUnless } from "../support/skip.ts";

const missing = await clusterMissing("node");
const pods = "/api/v1/namespaces/default/pods";
const isPhase = (phase: string) => (pod: KubernetesObject) => at(pod, "status", "phase") === phase;
const isEnded = (pod: KubernetesObject) =>
  at(pod, "status", "containerStatuses", 0, "state", "terminated") !== undefined;

/** What of the machine must be as before, and what must not be there of a node (other nodes may run beside it). */
function machineState({ nodeAddress, folder }: { readonly nodeAddress: string; readonly folder: string }): object {
  const slot = nodeAddress.split(".")[2] ?? "";
  const groups = readdirSync("/sys/fs/cgroup").map((name) => `/sys/fs/cgroup/${name}/garrison-node-${slot}`);
  return {
    links: readdirSync("/sys/class/net").filter((name) => name === `garrison-${slot}a`),
    routes: execFileSync("ip", ["route", "show", `10.77.${slot}.0/24`], { encoding: "utf8" }),
    there: [folder, ...groups].filter((name) => existsSync(name)),
    settings: kernelSettings(),
    rules: execFileSync("iptables-save", { encoding: "utf8" }).includes("KUBE-"),
  };
}

function kernelSettings(): string[] {
  const names = ["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys"];
  return names.map((name) => readFileSync(`/proc/sys/${name}`, "utf8"));
}

/** The cgroups of processes of this machine whose command is such. */
function groupsOf(isIt: (command: string) => boolean): string[] {
  const found: string[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (isIt(readFileSync(`/proc/${pid}/cmdline`, "utf8"))) found.push(readFileSync(`/proc/${pid}/cgroup`, "utf8"));
    } catch (thrown) {
      // Processes end while the list is read.
      if (!["ENOENT", "ESRCH"].includes((thrown as NodeJS.ErrnoException).code ?? "")) throw thrown;
    }
  }
  return found;
}

describe("a test node", () => {
  let cluster: TestCluster;
  let settingsBefore: readonly string[] = [];
  let isStopped = false;
  const isOwnNode = () => missing === "" && cluster.node !== undefined;

  function podOf(name: string, script: string, more: object = {}) {
    const container = {
      name: "main",
      image: cluster.node?.busyboxImage ?? "",
      imagePullPolicy: "Never",
      command: ["/bin/sh", "-c", script],
      ...more,
    };
    const spec = { containers: [container], restartPolicy: "Never", terminationGracePeriodSeconds: 0 };
    return { apiVersion: "v1", kind: "Pod", metadata: { name, labels: { app: name.replace(/-\d$/, "") } }, spec };
  }
  const logOf = async (name: string) => String((await cluster.admin.request("GET", `${pods}/${name}/log`)).body);

  before(async () => {
    if (missing !== "") return;
    settingsBefore = kernelSettings();
    cluster = await startTestCluster({ wants: "node" });
  });
  after(async () => {
    if (missing === "" && !isStopped) await cluster.stop();
  });

  test("is Ready", async (context) => {
    if (!skipUnless(context, isOwnNode(), missing || "a node of our own")) return;
    const nodes = (await cluster.admin.get("/api/v1/nodes")).items ?? [];
    assert.equal(nodes.length, 1);
    assert.equal(at(nodes[0], "metadata", "name"), cluster.node?.name);
    assert.match(String(at(nodes[0], "status", "nodeInfo", "containerRuntimeVersion")), /^containerd:/);
  });

  test("runs pods that reach each other through a Service, which reaches both", async (context) => {
    if (!skipUnless(context, isOwnNode(), missing || "a node of our own")) return;
    const { admin } = cluster;
    for (const name of ["web-1", "web-2"]) {
      const script = `mkdir /tmp/www && echo ${name} > /tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www`;
      await admin.create(pods, podOf(name, script));
    }
    await admin.create("/api/v1/namespaces/default/services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    const endpoints = "/api/v1/namespaces/default/endpoints/web";
    await admin.until(endpoints, "two addresses", (object) => {
      const addresses = at(object, "subsets", 0, "addresses");
      return Array.isArray(addresses) && addresses.length === 2;
    });
    // Until both have answered, else the pod fails when its tries are over.
    const script = `
      for try in $(seq 1 100); do
        timeout 5 wget -q -O - http://$WEB_SERVICE_HOST/ >> /tmp/seen
        if grep -q web-1 /tmp/seen && grep -q web-2 /tmp/seen; then echo both; exit 0; fi
        usleep 100000
      done
      exit 1`;
    await admin.create(pods, podOf("client", script));
    const ended = await admin.until(`${pods}/client`, "it ended", isEnded);
    assert.equal(at(ended, "status", "phase"), "Succeeded", await logOf("client"));
    // Lines before it are the shell's word about requests that ran out of time while the Service was being set up.
    assert.equal((await logOf("client")).trim().split("\n").at(-1), "both");
    const address = at(await admin.get("/api/v1/namespaces/default/services/web"), "spec", "clusterIP");
    const fromHost = await fetch(`http://${String(address)}/`);
    assert.match(await fromHost.text(), /^web-[12]\n$/);
  });

  test("ends a container that takes more memory than its limit", async (context) => {
    if (!skipUnless(context, isOwnNode(), missing || "a node of our own")) return;
    const limits = { resources: { limits: { memory: "24Mi" } } };
    await cluster.admin.create(pods, podOf("greedy", "exec tail /dev/zero", limits));
    const ended = await cluster.admin.until(`${pods}/greedy`, "it ended", isEnded);
    assert.equal(at(ended, "status", "containerStatuses", 0, "state", "terminated", "reason"), "OOMKilled");
  });

  test("runs an image of ours, in cgroups that the host sees", async (context) => {
    const { node } = cluster ?? {};
    if (!skipUnless(context, node !== undefined, missing || "a node of our own") || node === undefined) return;
    const tarPath = path.join(path.dirname(cluster.kubeconfigPath), "own.tar");
    const entries = [await entryOfFile("/bin/busybox", "own/busybox"), { type: "folder" as const, path: "proc" }];
    const image = { name: "garrison.test/own:1", layers: [{ comment: "test", entries }], entrypoint: ["/own/busybox"] };
    await writeOciLayout(image, { output: tarPath, compression: "none" });
    await node.importImage(tarPath);
    const more = { image: image.name, command: ["/own/busybox", "sleep", "7777"] };
    await cluster.admin.create(pods, podOf("own", "", more));
    const pod = await cluster.admin.until(`${pods}/own`, "it runs", isPhase("Running"));
    const groups = groupsOf((command) => command.startsWith("/own/busybox\0sleep\x007777\0"));
    assert.ok(
      groups.some((text) => text.includes(`kubepods/besteffort/pod${pod.metadata.uid}`)),
      groups.join("\n"),
    );
  });

  test("keeps running while its API server is away", async (context) => {
    if (!skipUnless(context, isOwnNode(), missing || "a node of our own")) return;
    await cluster.pauseApi();
    cluster.resumeApi();
    await cluster.restartApi();
    await cluster.compact();
    const pod = await cluster.admin.until(`${pods}/web-1`, "it runs", isPhase("Running"));
    assert.equal(at(pod, "status", "containerStatuses", 0, "restartCount"), 0);
  });

  test("leaves nothing behind", async (context) => {
    if (!skipUnless(context, isOwnNode(), missing || "a node of our own")) return;
    const of = { nodeAddress: cluster.node?.nodeAddress ?? "", folder: path.dirname(cluster.kubeconfigPath) };
    const during = machineState(of);
    assert.notDeepEqual(at(during, "links"), []);
    assert.notDeepEqual(at(during, "there"), []);
    isStopped = true;
    await cluster.stop();
    const nothing = { links: [], routes: "", there: [], settings: settingsBefore, rules: false };
    assert.deepEqual(machineState(of), nothing);
  });
});
