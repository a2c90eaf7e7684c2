// CPU and memory of a large cluster's inventory: listed over HTTP from another process, read, joined and told as identities and rows.
// Started with "serve" this file is that other process.
import { fork } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { silentLogger } from "../../src/base/logger.ts";
import { createIdentityHub } from "../../src/core/directory/identity-hub.ts";
import { startFeed } from "../../src/apps/server/clusters/feed.ts";
import type { KubeAccess } from "../../src/edge/kube/access.ts";
import { pathOf, watchedResources } from "../../src/edge/kube/resources.ts";
import { emptyQueries } from "../support/test-server.ts";
import { inventoryWorld } from "./inventory-world.ts";

const size = { pods: 10_000, services: 1000 };

if (process.argv[2] === "serve") serve(process.argv[3] === "empty" ? { pods: 0, services: 0 } : size);
else {
  const empty = await measure("empty");
  const full = await measure("full");
  const mb = (bytes: number) => (bytes / 1e6).toFixed(0);
  const cpuMs = full.cpuMs - empty.cpuMs;
  console.log(
    `inventory: ${size.pods} pods, ${size.services} services (${full.objects} objects, ${mb(full.bytes)} MB of JSON) listed and indexed in ${(cpuMs / 1000).toFixed(2)} s CPU (goal 2 s), ${full.wallMs.toFixed(0)} ms on the clock`,
  );
  const alone = parseAlone();
  console.log(
    `inventory: JSON.parse of the same text alone takes ${(alone / 1000).toFixed(2)} s CPU in this run: ${(cpuMs / alone).toFixed(1)} times that for everything`,
  );
  console.log(
    `inventory: heap +${mb(full.heap - empty.heap)} MB, resident +${mb(full.resident - empty.resident)} MB beyond an empty cluster (goal 150 MB), ${full.identities} identities`,
  );
  console.log(
    `inventory: with its rows written (${full.rows} rows, ${mb(full.rowBytes)} MB) ${((full.withRowsMs - empty.withRowsMs) / 1000).toFixed(2)} s CPU`,
  );
}

function serve(given: typeof size): void {
  const world = given.pods === 0 ? new Map<string, readonly Record<string, unknown>[]>() : inventoryWorld(given);
  const versions = watchedResources.flatMap(({ versions: [first] }) => (first === undefined ? [] : [first]));
  const pages = new Map<string, string>();
  const limit = 250;
  for (const version of versions) {
    const items = world.get(version.plural) ?? [];
    for (let from = 0; from === 0 || from < items.length; from += limit) {
      const next = from + limit < items.length ? String(from + limit) : "";
      const page = {
        kind: "List",
        metadata: { resourceVersion: "1000", continue: next },
        items: items.slice(from, from + limit),
      };
      pages.set(`${pathOf(version)}/${from}`, JSON.stringify(page));
    }
  }
  const verbs = ["list", "watch"];
  const group = (name: string) => {
    const own = versions.filter((version) => version.group === name);
    return {
      metadata: { name },
      versions: [{ version: "v1", resources: own.map(({ plural }) => ({ resource: plural, verbs })) }],
    };
  };
  const documents = new Map([
    ["/version", { gitVersion: "v1.36.3" }],
    ["/api", { kind: "APIGroupDiscoveryList", items: [group("")] }],
    ["/apis", { kind: "APIGroupDiscoveryList", items: ["apps", "batch", "discovery.k8s.io"].map(group) }],
  ] as [string, object][]);
  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    if (url.searchParams.get("watch") === "true") {
      response.writeHead(200).flushHeaders();
      return;
    }
    const document = documents.get(url.pathname);
    const page = pages.get(`${url.pathname}/${url.searchParams.get("continue") ?? "0"}`);
    response.end(document === undefined ? (page ?? "{}") : JSON.stringify(document));
  });
  server.listen(0, "127.0.0.1", () => {
    const bytes = [...pages.values()].reduce((sum, page) => sum + page.length, 0);
    process.send?.({ port: (server.address() as AddressInfo).port, bytes });
  });
}

/** What a busy machine makes of the figure above is in this one too. */
function parseAlone(): number {
  const texts = [...inventoryWorld(size).values()].flatMap((items) => {
    const pages = Array.from({ length: Math.ceil(items.length / 250) }, (_, page) =>
      items.slice(page * 250, page * 250 + 250),
    );
    return pages.map((page) => JSON.stringify(page));
  });
  const before = process.cpuUsage();
  for (const text of texts) JSON.parse(text);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function measure(what: "empty" | "full") {
  const child = fork(import.meta.filename, ["serve", what]);
  const [{ port, bytes }] = (await once(child, "message")) as [{ port: number; bytes: number }];
  const access: KubeAccess = {
    server: new URL(`http://127.0.0.1:${port}`),
    ca: undefined,
    certificate: undefined,
    key: undefined,
    serverName: "",
    fingerprint: "f",
    context: "",
    headers: async () => ({}),
  };
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const identities = createIdentityHub();
  let [rows, rowBytes] = [0, 0];
  const firstTold = Promise.withResolvers<{ cpuMs: number; wallMs: number }>();
  const before = process.cpuUsage();
  const startedMs = performance.now();
  const cpuMs = () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  // The rows come after the identities: what the first row costs is not in the figure of the index.
  identities.onChange(() => firstTold.resolve({ cpuMs: cpuMs(), wallMs: performance.now() - startedMs }));
  const feed = startFeed({
    cluster: "bench",
    source: { kind: "in-cluster", host: "", port: "", folder: "" },
    random: () => 0.5,
    queries: emptyQueries(),
    agents: {
      async accept(_place, block) {
        rows += block.rows;
        rowBytes += block.body.length;
      },
      recordGap: async () => undefined,
    },
    identities,
    clock: { nowMs: () => Date.now() },
    logger: silentLogger,
    overrides: { access: async () => access },
  });
  const indexed = await firstTold.promise;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const withRowsMs = cpuMs();
  collect();
  await new Promise((resolve) => setTimeout(resolve, 500));
  collect();
  const { heapUsed, rss } = process.memoryUsage();
  const counts = feed.inventory.counts();
  const told = identities.snapshot("bench")?.entries.length ?? 0;
  const result = { ...indexed, withRowsMs, bytes, rows, rowBytes, heap: heapUsed, resident: rss, identities: told };
  await feed.stop();
  child.kill();
  return { ...result, objects: rows, counts };
}
