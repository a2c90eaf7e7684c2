// For tests: an enforcer without a kernel: a dry-run dataplane, a clock that is moved by hand, and identities as a server tells them.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { silentLogger } from "../../../base/logger.ts";
import { createAddressBook } from "../../../core/directory/address-book.ts";
import type { Dataplane, TrackedConnection } from "../../../core/policy/compile/dataplane.ts";
import { openDryRun, type DryRun } from "../../../edge/dataplane/dry-run/open-dry-run.ts";
import { IdentityEntry } from "../../../model/identity-entry.ts";
import { Resource } from "../../../model/resource.ts";
import type { Enforcer } from "./enforcer-contract.ts";
import { createEnforcer } from "./enforcer.ts";
import { createPacketBook } from "./packet-book.ts";
import { createProver } from "./prove.ts";
import type { MachineLook } from "./surroundings.ts";
import { createWorldBook } from "./world-book.ts";

export interface Scene {
  readonly enforcer: Enforcer;
  readonly dataplane: DryRun;
  readonly book: ReturnType<typeof createAddressBook>;
  readonly folder: string;
  clockMs: number;
}

export const startMs = 1_800_000_000_000;
export const live: TrackedConnection = {
  protocol: 6,
  source: "10.1.0.1",
  destination: "10.1.0.2",
  sourcePort: 40_000,
  destinationPort: 5432,
  realDestination: "10.1.0.2",
  realDestinationPort: 5432,
  isAssured: true,
};

export function scene(
  context: TestContext,
  options: {
    readonly heard?: "kept" | "none" | "not-heard";
    /** Of an enforcer that was here before. */
    readonly folder?: string;
    readonly clockMs?: number;
    readonly wrap?: (dataplane: DryRun) => Partial<Dataplane>;
    readonly connections?: readonly TrackedConnection[];
    readonly look?: Partial<MachineLook>;
  } = {},
): Scene {
  const folder = options.folder ?? mkdtempSync(path.join(os.tmpdir(), "garrison-enforcer-"));
  const made = { clockMs: options.clockMs ?? startMs, folder };
  const clock = { nowMs: () => made.clockMs };
  const dataplane = openDryRun({ clock, connections: options.connections ?? [live] });
  const book = createAddressBook({ createdMs: startMs });
  const heard = options.heard ?? "kept";
  if (heard !== "not-heard") hear(book, heard);
  const world = createWorldBook("n1");
  const prover = createProver({ tryProbes: async () => [], reports: async () => false, pause: async () => undefined });
  const packets = createPacketBook({
    book,
    at: (address) => world.at(address),
    probes: prover,
    domainOf: () => "",
    startMs,
  });
  const enforcer = createEnforcer({
    node: "n1",
    folder,
    dataplane: { ...dataplane, ...options.wrap?.(dataplane) },
    world,
    book,
    look: {
      fileOf: () => "",
      addressesIn: () => [],
      interfaces: () => new Map(),
      nodeAddresses: () => ["172.16.0.1"],
      nameservers: () => [],
      server: () => ({ addresses: ["192.0.2.1"], port: 8687 }),
      ...options.look,
    },
    prover,
    packets,
    clock,
    logger: silentLogger,
    notProvable: "",
    onStatus: () => undefined,
  });
  context.after(async () => {
    await enforcer.close("keep");
    rmSync(folder, { recursive: true, force: true });
  });
  return Object.assign(made, { enforcer, dataplane, book });
}

export const pod = (name: string, address: string) =>
  IdentityEntry.parse({
    key: `Pod/${name}`,
    kind: "pod",
    addresses: [address],
    namespace: "shop",
    workload: name,
    workloadKind: "Deployment",
    pod: name,
    podUid: name,
    node: "n1",
    labels: { app: name },
    fromMs: 0,
  });

export function hear(book: Scene["book"], inventory: "kept" | "none"): void {
  const put = inventory === "kept" ? [pod("web", "10.1.0.1"), pod("db", "10.1.0.2")] : [];
  book.apply({ type: "identities", first: true, last: true, inventory, because: "", put, ended: [] }, startMs);
}

export function resource(kind: string, name: string, spec: object): Resource {
  return Resource.parse({ kind, name, spec, generation: 1, author: "t", time: "2026-11-25T00:00:00Z" });
}

export const enforcement = (spec: object = {}) => resource("Enforcement", "default", { mode: "enforce", ...spec });

/** Only `app` reaches the database. */
export function policy(app: string): Resource {
  const manifest = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "db", namespace: "shop" },
    spec: {
      podSelector: { matchLabels: { app: "db" } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app } } }] }],
    },
  };
  return resource("Policy", "networkpolicy.shop.db", { manifest });
}

export async function apply({ enforcer }: Scene, resources: readonly Resource[]): Promise<void> {
  enforcer.setResources(resources);
  await enforcer.settled();
}

export function node({ enforcer }: Scene) {
  const status = enforcer.statuses().find(({ kind }) => kind === "Enforcement");
  assert.ok(status?.enforcement !== undefined);
  return { ...status.enforcement, because: status.because };
}

/** A GlobalNetworkPolicy. */
export function calico(spec: object): Resource {
  const manifest = { apiVersion: "projectcalico.org/v3", kind: "GlobalNetworkPolicy", metadata: { name: "one" }, spec };
  return resource("Policy", "globalnetworkpolicy.one", { manifest });
}

const shared = { workload: "", workloadKind: "Unknown", namespace: "kube-system", services: ["kube-dns"], fromMs: 0 };

/** The cluster's DNS on this node: its service and its pod, and the node itself. */
export const dnsEntries: IdentityEntry[] = [
  {
    ...shared,
    key: "Service/kube-dns",
    kind: "service",
    addresses: ["10.96.0.10"],
    ports: [{ protocol: "udp", port: 53, targetPort: 53 }],
  },
  {
    ...shared,
    key: "Pod/coredns",
    kind: "pod",
    addresses: ["10.1.0.53"],
    pod: "coredns",
    podUid: "coredns",
    node: "n1",
    labels: { "k8s-app": "kube-dns" },
  },
  { ...shared, key: "Node/n1", kind: "node", namespace: "", services: [], addresses: ["172.16.0.1"], node: "n1" },
].map((entry) => IdentityEntry.parse(entry));
