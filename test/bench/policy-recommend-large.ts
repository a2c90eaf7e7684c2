// Ten thousand pods and a million flow keys for the recommendation bench: pod to pod along workload edges, names, outside visitors.
import type { RecordedFlow, World, WorldEndpoint } from "../../src/core/policy/world.ts";
import { createChance, pick } from "../support/policy-world.ts";

const dayMs = 86_400_000;
const startMs = 20_400 * dayMs;

export function largeWorld({ pods, workloads }: { readonly pods: number; readonly workloads: number }): World {
  const namespaceOf = (workload: number): string => `ns-${workload % 100}`;
  const endpoints = Array.from({ length: pods }, (_, index): WorldEndpoint => {
    const workload = index % workloads;
    const namespace = namespaceOf(workload);
    return {
      id: `pod/${namespace}/app-${workload}-${index}`,
      kind: "workload",
      namespace,
      name: `app-${workload}-${index}`,
      labels: { app: `app-${workload}`, tier: workload % 2 === 0 ? "web" : "data", "pod-template-hash": "7d9f8c6b5" },
      serviceAccount: "default",
      addresses: [`10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`],
      ports: [],
      node: `node-${index % 100}`,
      workload: `Deployment/app-${workload}`,
      interfaceName: "",
    };
  });
  const namespaces = Array.from({ length: 100 }, (_, index) => ({ name: namespaceOf(index), labels: {} }));
  return { namespaces, serviceAccounts: [], endpoints, services: [], ranges: ["10.0.0.0/8"], incomplete: "" };
}

export function largeFlows({ endpoints }: World, count: number): readonly RecordedFlow[] {
  const chance = createChance(7);
  const size = 2000;
  return Array.from({ length: count }, (_, index): RecordedFlow => {
    const from = pick(chance, endpoints);
    const workload = Number(from.name.split("-")[1]);
    const target =
      endpoints[((workload * 7 + Math.floor(chance() * 20)) % size) + size * Math.floor(chance() * 5)] ?? from;
    const isOut = index % 10 === 0;
    const destination = isOut
      ? { endpoint: "", address: `203.0.${index % 50}.${Math.floor(chance() * 250)}` }
      : { endpoint: target.id, address: "" };
    const flow = {
      source: { endpoint: from.id, address: "" },
      destination,
      protocol: 6,
      sourcePort: 0,
      destinationPort: isOut ? 443 : 8080 + (workload % 3),
      connections: 1 + Math.floor(chance() * 1000),
      bytes: 1000,
      firstMs: startMs,
      lastMs: startMs + 6 * dayMs,
      days: 1 + (index % 7),
      verdict: "allow" as const,
      sourceWorkload: "",
      destinationWorkload: "",
    };
    return isOut ? { ...flow, domains: [`api-${index % 40}.example.com`] } : flow;
  });
}
