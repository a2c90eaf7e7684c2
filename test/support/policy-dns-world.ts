// The world of the DNS scenario and bench: two pods, a DNS server and "the internet" around a node, each in a network namespace and a process of its own.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { openListeners } from "./netns/listeners.ts";
import { runInNetns, type NetworkNamespace } from "./netns/namespace.ts";
import { openStar } from "./netns/star.ts";
import type { AgentOrder } from "./policy-dns-agent.ts";
import type { NodeOrder } from "./policy-dns-node.ts";

export type { LookupOutcome } from "./policy-dns-process.ts";

const program = path.resolve(import.meta.dirname, "policy-dns-process.ts");
const webAddress = "10.1.0.2";
const otherAddress = "10.1.0.3";
export const server = "10.1.9.53";
export const port = 8080;
const proxyPort = 15_053;
export const pool = Array.from({ length: 60 }, (_, index) => `198.51.100.${index + 1}`);

/** Names below shop.example, the DNS server, and nothing else. */
const policy = {
  apiVersion: "policy.networking.k8s.io/v1alpha2",
  kind: "ClusterNetworkPolicy",
  metadata: { name: "names" },
  spec: {
    tier: "Admin",
    priority: 10,
    subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: "web" } } } },
    egress: [
      { name: "shops", action: "Accept", to: [{ domainNames: ["*.shop.example"] }] },
      { name: "servers", action: "Accept", to: [{ networks: [`${server}/32`] }] },
      { name: "nothing-else", action: "Deny", to: [{ networks: ["0.0.0.0/0"] }] },
    ],
  },
};

const manifests = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: web }] }
status: { podIP: ${webAddress}, podIPs: [{ ip: ${webAddress} }] }
---
apiVersion: v1
kind: Pod
metadata: { name: other, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: other }] }
status: { podIP: ${otherAddress}, podIPs: [{ ip: ${otherAddress} }] }
---
${JSON.stringify(policy)}
`;

export interface Child {
  ask<T>(what: string, order?: object): Promise<T>;
  kill(): Promise<void>;
}

async function start(inside: NetworkNamespace, role: string, order: object): Promise<Child> {
  const child: ChildProcess = runInNetns(inside, [process.execPath, program, role, JSON.stringify(order)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const waiting = new Map<number, (message: { result?: unknown; error?: string }) => void>();
  child.on("message", (message: { id: number; result?: unknown; error?: string }) => {
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  const reply = (id: number) =>
    new Promise<unknown>((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the ${role} ended with ${String(code)}`));
      child.once("exit", onExit);
      waiting.set(id, ({ result, error }) => {
        child.off("exit", onExit);
        if (error === undefined) resolve(result);
        else reject(new Error(error));
      });
    });
  await reply(0);
  let last = 0;
  return {
    ask: <T>(what: string, more: object = {}) => {
      last += 1;
      const answer = reply(last);
      child.send({ ...more, id: last, do: what });
      return answer as Promise<T>;
    },
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

export type DnsWorldOptions = Partial<NodeOrder> & {
  /** The node is the agent's whole enforcement side, told by resources. */
  readonly isAgent?: true;
};

/** Two pods, a DNS server and "the internet" around a node. */
export async function openDnsWorld(given: DnsWorldOptions = {}) {
  const closing: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const end of closing.splice(0)) await end();
  };
  try {
    return { ...(await startWorld(closing, given)), [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startWorld(closing: (() => Promise<void> | void)[], given: DnsWorldOptions) {
  const star = openStar({
    pods: [
      { name: "web", addresses: [webAddress] },
      { name: "other", addresses: [otherAddress] },
      { name: "dns", addresses: [server] },
      { name: "internet", addresses: pool },
    ],
  });
  closing.unshift(() => star.close());
  const started = async (child: Promise<Child>) => {
    const made = await child;
    closing.unshift(() => made.kill());
    return made;
  };
  const internet = await openListeners([
    { in: star.pod("internet"), address: "0.0.0.0", port, protocol: "tcp", echo: true },
  ]);
  closing.unshift(() => internet.close());
  const order: NodeOrder = {
    manifests,
    port: proxyPort,
    clients: [
      { endpoint: "pod/shop/web", address: webAddress, interfaceName: star.linkOf("web") },
      { endpoint: "pod/shop/other", address: otherAddress, interfaceName: star.linkOf("other") },
    ],
    upstream: server,
    clusterRanges: ["10.1.0.0/16"],
    dns: {},
    ...given,
  };
  const agent: AgentOrder = {
    namespaces: { web: star.pod("web").path, other: star.pod("other").path },
    resources: [
      { kind: "Enforcement", name: "default", spec: { mode: "enforce", dns: { upstreams: [server] } } },
      ...["web", "other"].map((netns) => ({
        kind: "LocalEndpoint",
        name: netns,
        spec: { netns, namespace: "shop", name: netns, labels: { app: "web" } },
      })),
      { kind: "Policy", name: "clusternetworkpolicy.names", spec: { manifest: policy } },
    ],
  };
  const openNode = () =>
    started(given.isAgent === true ? start(star.router, "agent", agent) : start(star.router, "node", order));
  const [node, web, other, dns] = await Promise.all([
    openNode(),
    started(start(star.pod("web"), "client", {})),
    started(start(star.pod("other"), "client", {})),
    started(start(star.pod("dns"), "server", { address: server, pool, inside: otherAddress })),
  ]);
  return { openNode, node, web, other, server: dns };
}
