// The demo as a newcomer gets it: `garrison up` with its simulated cluster. Both ends of its flows have names, a failure is felt where
// it should be, an attack is seen; and when it stops nothing of it is left running.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { localServer } from "../../src/apps/cli/local-server.ts";
import { call } from "../../src/apps/server/contract/client.ts";
import type { DemoStory } from "../../src/model/demo-story.ts";
import type { Flow } from "../../src/model/flow.ts";
import type { HttpEvent } from "../../src/model/http-event.ts";
import { startUp, type RunningUp } from "../support/running-up.ts";

/** Far more than it takes: machines that run many tests at once are slow. */
const patienceMs = 300_000;

describe("the demo cluster", () => {
  let folder: string;
  let data: string;
  let up: RunningUp;
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "garrison-demo-"));
    data = path.join(folder, "data");
    up = await startUp(data, ["--no-watch"]);
  });
  after(async () => {
    await up[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function follow(spec: DemoStory): Promise<void> {
    const { client } = await localServer(data);
    const body = {
      apiVersion: "garrison/v1" as const,
      kind: "DemoStory",
      scope: "cluster/demo",
      name: "default",
      spec,
    };
    await call(client, "applyResource", { params: { kind: "DemoStory", name: "default" }, body });
  }

  async function flows(q: string): Promise<readonly Flow[]> {
    const { client } = await localServer(data);
    return (await call(client, "listFlows", { query: { q, since: "10m", limit: 1000 } })).rows;
  }

  async function exchanges(q: string, since = "10m"): Promise<readonly HttpEvent[]> {
    const { client } = await localServer(data);
    const { rows } = await call(client, "listEvents", { query: { q, kinds: "http", since, limit: 1000 } });
    return rows.filter((row) => row.kind === "http");
  }

  test("says that it runs, and keeps its kubeconfig to itself", async () => {
    assert.match(up.said(), /demo +cluster demo: a simulated shop, 3 nodes; nothing in it is real/);
    const { mode } = await stat(path.join(data, "clusters", "demo.kubeconfig"));
    assert.equal(mode & 0o777, 0o600);
  });

  test("its cluster is connected and marked as simulated", async () => {
    const { client } = await localServer(data);
    const cluster = await until("the cluster is connected", async () => {
      const { clusters } = await call(client, "listClusters", {});
      return clusters.find(
        ({ name, state, coverage }) => name === "demo" && state === "connected" && coverage.nodesWithAgent === 3,
      );
    });
    assert.equal(cluster.simulated, true);
    assert.match(cluster.version, /\+garrison\.simulated$/);
  });

  test("its flows have namespace, workload and service on both ends, and say that they are simulated", async () => {
    const edges: readonly (readonly [source: string, destination: string])[] = [
      ["web", "checkout"],
      ["checkout", "payments"],
      ["payments", "postgres"],
      ["storefront", "catalog"],
    ];
    for (const [source, destination] of edges) {
      const found = await until(`${source} -> ${destination}`, async () =>
        (await flows(`from:${source} to:${destination}`)).find(
          (row) => row.reporter === "source" && row.sourceService === source && row.destinationService === destination,
        ),
      );
      assert.deepEqual(
        [
          found.cluster,
          found.sourceNamespace,
          found.sourceWorkload,
          found.sourceReason,
          found.destinationNamespace,
          found.destinationWorkload,
        ],
        ["demo", "shop", source, "", "shop", destination],
      );
      assert.equal(found.fidelity, "simulated");
      assert.notEqual(found.sourceImageDigest, "");
    }
    await until("a third party by its DNS name", async () =>
      (await flows("from:payments")).find((row) => row.destinationDomain === "api.payments.example.com"),
    );
  });

  test("its policies are on the board, previewed by every node; board, preview and trace say the same of its flows", async () => {
    const { client } = await localServer(data);
    const board = await until("nodes that preview them, and flows that they judge", async () => {
      const [found] = (await call(client, "policyBoard", { query: { cluster: "demo", since: "10m" } })).boards;
      const cards = found?.tiers.flatMap((tier) => tier.cards) ?? [];
      const isPreviewed = cards.length > 0 && cards.every(({ enforcement }) => enforcement.states.preview === 3);
      const payments = cards.find(({ name }) => name === "payments");
      const { allowed = 0, unmatched = 0 } = payments?.judged ?? {};
      return isPreviewed && allowed > 0 && unmatched > 0 ? found : undefined;
    });
    assert.deepEqual(
      board.tiers.map(({ name, staged }) => [name, staged.map((card) => card.name)]),
      [
        ["security", []],
        ["default", ["egress-by-name"]],
      ],
    );
    assert.deepEqual([board.simulated, board.enforcement.mode], [true, "preview"]);
    assert.deepEqual(
      board.problems.filter(({ severity }) => severity === "error"),
      [],
    );
    const body = { cluster: "demo", removed: ["kubernetes/NetworkPolicy/shop/payments"], since: "10m" };
    // While its node does not know who is who yet, an end is an address: then there are groups of both.
    const scrape = await until("a group of who scrapes", async () => {
      const { groups } = await call(client, "policyPreview", { body });
      return groups.find(({ source }) => source === "monitoring/StatefulSet/prometheus");
    });
    assert.deepEqual([scrape.destination, scrape.before, scrape.after], ["shop/Deployment/payments", "deny", "allow"]);
    const row = await until("the flow itself", async () =>
      (await flows("from:prometheus to:payments")).find(({ destinationPort }) => destinationPort === scrape.port),
    );
    const traced = await call(client, "policyTrace", { body: row });
    assert.equal(traced.recorded.verdict, "allow", "nothing was enforced");
    assert.equal(traced.now.explanation?.now.verdict, "deny");
    assert.equal(traced.now.generation, board.generation, "its node is given what the board shows");
    assert.deepEqual(traced.now.explanation?.now.ingress.decidedBy, scrape.decidedBefore);
    assert.ok((traced.now.explanation?.nearest.length ?? 0) > 0);
  });

  test("slow-payments: payments answer slowly, as its callers measure it, and Kubernetes says why", async () => {
    const charges = async (): Promise<readonly number[]> =>
      (await exchanges("workload:payments"))
        .filter((row) => row.reporter === "destination" && row.path === "/charges")
        .map((row) => row.latencyUs);
    const before = await until("some charges", async () => {
      const found = await charges();
      return found.length >= 5 ? found : undefined;
    });
    const limitUs = 4 * median(before);
    await follow({ failure: "slow-payments", attack: false });
    await until(`slow charges, over ${limitUs} us`, async () =>
      (await charges()).filter((us) => us > limitUs).length >= 3 ? true : undefined,
    );
    const { client } = await localServer(data);
    await until("a warning that names the database", async () => {
      const { rows } = await call(client, "listEvents", { query: { kinds: "kubernetes", since: "10m", limit: 500 } });
      return rows.find((row) => row.kind === "kubernetes" && row.reason === "Unhealthy" && row.workload === "postgres");
    });
    await until("packets sent again", async () =>
      (await flows("from:payments to:postgres")).find((row) => row.retransmits > 0),
    );
  });

  test("attack: the dropped program, an edge that was not there, names that nobody asks for", async () => {
    const isEdge = (row: Flow): boolean => row.sourceWorkload === "web" && row.destinationWorkload === "postgres";
    assert.equal((await flows("from:web")).filter(isEdge).length, 0, "not before the attack");
    await follow({ failure: "none", attack: true });
    const { client } = await localServer(data);
    await until("its execution", async () => {
      const query = { q: "workload:web", kinds: "process", since: "10m", limit: 1000 };
      const { rows } = await call(client, "listEvents", { query });
      return rows.find(
        (row) => row.kind === "process" && row.action === "exec" && row.executable === "/tmp/.cache/kworkerd",
      );
    });
    await until("web -> postgres", async () => (await flows("from:web")).find(isEdge));
    await until("the scan", async () =>
      (await flows("from:web")).find((row) => row.connectionsFailed > 0 && row.process === "kworkerd"),
    );
    await until("the upload", async () =>
      (await flows("from:web")).find((row) => row.destinationDomain === "drop.kernel-update.test"),
    );
    await follow({ failure: "none", attack: false });
  });

  test("stops in good order: its kubeconfig goes with it", async () => {
    await up[Symbol.asyncDispose]();
    assert.equal(existsSync(path.join(data, "clusters", "demo.kubeconfig")), false);
    assert.doesNotMatch(up.said(), /demo ended|could not be started/);
  });
});

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? 0;
}

async function until<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
  const endMs = Date.now() + patienceMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > endMs) throw new Error(`${what}: not seen in ${patienceMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
