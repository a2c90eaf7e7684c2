// The state machine without a kernel: a dry-run dataplane, a clock that is moved by hand, and identities as a server tells them.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { Fault } from "../../../base/fault.ts";
import { silentLogger } from "../../../base/logger.ts";
import { createAddressBook } from "../../../core/directory/address-book.ts";
import type { TrackedConnection } from "../../../core/policy/compile/dataplane.ts";
import { openDryRun, type DryRun } from "../../../edge/dataplane/dry-run/open-dry-run.ts";
import { IdentityEntry } from "../../../model/identity-entry.ts";
import { Resource } from "../../../model/resource.ts";
import type { Enforcer } from "./enforcer-contract.ts";
import { createEnforcer } from "./enforcer.ts";
import { createPacketBook } from "./packet-book.ts";
import { createProver } from "./prove.ts";
import { createWorldBook } from "./world-book.ts";

interface Scene {
  readonly enforcer: Enforcer;
  readonly dataplane: DryRun;
  readonly book: ReturnType<typeof createAddressBook>;
  clockMs: number;
}

const startMs = 1_800_000_000_000;
const live: TrackedConnection = {
  protocol: 6,
  source: "10.1.0.1",
  destination: "10.1.0.2",
  sourcePort: 40_000,
  destinationPort: 5432,
  realDestination: "10.1.0.2",
  realDestinationPort: 5432,
  isAssured: true,
};

function scene(
  context: TestContext,
  options: { readonly heard?: "kept" | "none" | "not-heard"; readonly broken?: Fault } = {},
): Scene {
  const folder = mkdtempSync(path.join(os.tmpdir(), "garrison-enforcer-"));
  const made = { clockMs: startMs };
  const clock = { nowMs: () => made.clockMs };
  const dataplane = openDryRun({ clock, connections: [live] });
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
    dataplane:
      options.broken === undefined
        ? dataplane
        : {
            ...dataplane,
            apply: () => {
              throw options.broken;
            },
          },
    world,
    book,
    look: {
      fileOf: () => "",
      addressesIn: () => [],
      interfaces: () => new Map(),
      nodeAddresses: () => ["172.16.0.1"],
      nameservers: () => [],
      server: () => ({ addresses: ["192.0.2.1"], port: 8687 }),
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

const pod = (name: string, address: string) =>
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

function hear(book: Scene["book"], inventory: "kept" | "none"): void {
  const put = inventory === "kept" ? [pod("web", "10.1.0.1"), pod("db", "10.1.0.2")] : [];
  book.apply({ type: "identities", first: true, last: true, inventory, because: "", put, ended: [] }, startMs);
}

function resource(kind: string, name: string, spec: object): Resource {
  return Resource.parse({ kind, name, spec, generation: 1, author: "t", time: "2026-11-25T00:00:00Z" });
}

const enforcement = (spec: object = {}) => resource("Enforcement", "default", { mode: "enforce", ...spec });

/** Only `app` reaches the database. */
function policy(app: string): Resource {
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

async function apply({ enforcer }: Scene, resources: readonly Resource[]): Promise<void> {
  enforcer.setResources(resources);
  await enforcer.settled();
}

function node({ enforcer }: Scene) {
  const status = enforcer.statuses().find(({ kind }) => kind === "Enforcement");
  assert.ok(status?.enforcement !== undefined);
  return { ...status.enforcement, because: status.because };
}

test("a change that leaves live connections alone goes in; pods cannot be tried, so it is applied and not proved, because", async (context) => {
  const here = scene(context);
  await apply(here, [enforcement(), policy("web")]);
  assert.equal(node(here).state, "enforced");
  const said = here.enforcer.statuses().find(({ kind }) => kind === "Policy");
  assert.equal(said?.enforcement?.state, "unproved");
  assert.match(said.because, /applied, not proved: no two ends of it are namespaces of this machine/);
  assert.equal(said.enforcement.endpoints, 1);
  assert.ok((here.dataplane.applied()?.chains.length ?? 0) > 0);
});

test("a change that cuts more than its share is refused, what was in force stays, and the digest brings it", async (context) => {
  const here = scene(context);
  await apply(here, [enforcement(), policy("web")]);
  const before = here.dataplane.applied()?.digest;
  await apply(here, [enforcement(), policy("nobody")]);
  const refused = node(here);
  assert.equal(refused.state, "refused");
  assert.match(
    refused.because,
    /would cut 1 of 1 live connections \(100 %, at most 5 % may be\): 10\.1\.0\.1 -> 10\.1\.0\.2:5432\/tcp/,
  );
  assert.equal(here.dataplane.applied()?.digest, before);
  await apply(here, [enforcement({ cutShareMax: 1 }), policy("nobody")]);
  assert.equal(node(here).state, "refused", "limits are no part of the change; it stays refused until it is confirmed");
  await apply(here, [enforcement({ confirm: refused.digest }), policy("nobody")]);
  assert.equal(node(here).state, "enforced");
  assert.notEqual(here.dataplane.applied()?.digest, before);
});

test("policies wait for identities: a world that was not heard is not a world without pods", async (context) => {
  const here = scene(context, { heard: "not-heard" });
  await apply(here, [enforcement(), policy("web")]);
  assert.equal(node(here).state, "failed");
  assert.match(node(here).because, /was not heard yet/);
  assert.equal(here.dataplane.applied(), undefined);
  hear(here.book, "kept");
  here.enforcer.identitiesCame();
  await here.enforcer.settled();
  assert.equal(node(here).state, "enforced");
});

test("a pod that comes is in the kernel without a new change", async (context) => {
  const here = scene(context);
  await apply(here, [enforcement(), policy("web")]);
  const digest = node(here).digest;
  const text = () => JSON.stringify(here.dataplane.applied()?.sets);
  assert.ok(!text().includes("10.1.0.9"));
  const put = [IdentityEntry.parse({ ...pod("web", "10.1.0.9"), key: "Pod/web2", pod: "web2", podUid: "web2" })];
  here.book.apply(
    { type: "identities", first: false, last: false, inventory: "kept", because: "", put, ended: [] },
    startMs,
  );
  here.enforcer.identitiesCame();
  await here.enforcer.settled();
  assert.ok(text().includes("10.1.0.9"));
  assert.equal(node(here).digest, digest);
});

test("a foreign removal is repaired at once and told; off takes all out", async (context) => {
  const here = scene(context);
  await apply(here, [enforcement(), policy("web")]);
  here.dataplane.removeAsStranger();
  assert.notEqual(here.dataplane.applied(), undefined, "repaired in the same turn");
  const [gap] = here.enforcer.takeGaps(startMs);
  assert.deepEqual([gap?.reason, gap?.table], ["policy-unenforced", "flows"]);
  await apply(here, [enforcement({ mode: "off" }), policy("web")]);
  assert.equal(here.dataplane.applied(), undefined);
  assert.equal(node(here).state, "off");
});

test("a kernel that refuses is a status with its reason, and is asked again", async (context) => {
  const broken = new Fault("operation not permitted", { code: "dataplane/netlink", kind: "forbidden" });
  const here = scene(context, { broken });
  await apply(here, [enforcement(), policy("web")]);
  const said = node(here);
  assert.deepEqual([said.state, said.because], ["failed", "operation not permitted"]);
});
