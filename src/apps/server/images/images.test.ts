// Images through a real server: an analysis is sent, judged, explained, accepted; a new database judges it again without anybody sending it again; a restart knows all of it.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { emptyQueries, ask, testServer, type TestServer } from "../../../../test/support/test-server.ts";
import { buildDatabase } from "../../../edge/advisories/assemble/build-database.ts";
import { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { ClustersSide } from "../clusters/clusters-side.ts";

const nowMs = Date.parse("2026-11-26T06:00:00Z");

function osv(id: string, name: string, fixed: string, aliases: readonly string[] = []) {
  return {
    schema_version: "1.6.0",
    id,
    aliases,
    modified: "2026-11-20T00:00:00Z",
    published: "2026-11-01T00:00:00Z",
    summary: `${name} can be made to fail`,
    affected: [
      {
        package: { ecosystem: "Debian:12", name },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed }] }],
      },
    ],
  };
}

async function writeDatabase(folder: string, records: readonly object[]): Promise<void> {
  const from = await mkdtemp(path.join(tmpdir(), "garrison-osv-"));
  await writeFile(path.join(from, "debian.osv.jsonl"), records.map((each) => JSON.stringify(each)).join("\n"));
  await mkdir(folder, { recursive: true });
  await buildDatabase({ sources: [{ path: from }], into: folder, nowMs, gate: { recordsMin: 0, shrinkMax: 1 } });
  await rm(from, { recursive: true });
}

const zlib = {
  type: "deb",
  namespace: "debian",
  name: "zlib1g",
  version: "1:1.2.13.dfsg-1",
  source: { name: "zlib", version: "1:1.2.13.dfsg-1" },
  cataloger: "deb/dpkg",
  evidence: [{ path: "/var/lib/dpkg/status", layer: 0, kind: "database" }],
};
const curl = { ...zlib, name: "curl", version: "7.88.1-10", source: { name: "curl", version: "7.88.1-10" } };

function analysisOf(digest: string, packages: readonly object[]): ImageAnalysis {
  return ImageAnalysis.parse({
    schema: 1,
    source: "registry",
    reference: "shop.example/web:1",
    digest,
    operatingSystem: { id: "debian", versionId: "12", name: "Debian GNU/Linux 12 (bookworm)" },
    layers: [{ diffId: "sha256:l1", sizeBytes: 10 }],
    config: { user: "" },
    packages,
    secretsSearched: true,
    loadable: { paths: ["/usr/bin/curl", "/usr/lib/libz.so.1"], owners: [1, 0] },
  });
}

/** One pod of shop/web runs the image by its tag. */
function clustersWith(image: string, imageDigest = ""): ClustersSide {
  const container = { name: "web", image, imageDigest, state: "running" };
  const pod = {
    kind: "Pod",
    namespace: "shop",
    workload: "web",
    workloadKind: "Deployment",
    node: "n1",
    containers: [container],
  };
  return {
    list: async () => [{ name: "prod" }],
    machines: async () => undefined,
    view: () => ({ all: (kind: string) => (kind === "Pod" ? [pod] : []) }),
    gapOf: () => "",
    ownPolicies: () => undefined,
    notices: () => [],
    [Symbol.asyncDispose]: async () => undefined,
  } as unknown as ClustersSide;
}

const queries = emptyQueries({
  imageUse: async () => ({
    files: [
      {
        digest: "",
        name: "shop.example/web:1",
        path: "/usr/lib/libz.so.1",
        containers: 1,
        usedBy: "/usr/sbin/nginx",
        namespace: "shop",
        workload: "web",
      },
    ],
    seen: [{ digest: "", name: "shop.example/web:1", containers: 1, firstMs: nowMs - 1000, lastMs: nowMs }],
    partialBecause: "",
  }),
  reachedWorkloads: async () => ({
    workloads: [{ cluster: "prod", namespace: "shop", workload: "web", kind: "Deployment", fromOutside: true }],
    partialBecause: "",
  }),
});

async function call(server: TestServer, method: string, place: string, body?: unknown) {
  const headers = { authorization: `Bearer ${server.localToken}` };
  const answer = await ask(server, {
    method,
    path: `/api/v1${place}`,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  assert.ok(answer.status < 300, `${method} ${place}: ${answer.status} ${answer.text.slice(0, 400)}`);
  // oxlint-disable-next-line typescript/no-explicit-any -- answers are checked against the contract by the server
  return answer.json as any;
}

async function folderOf(t: TestContext): Promise<string> {
  const data = await mkdtemp(path.join(tmpdir(), "garrison-images-"));
  t.after(() => rm(data, { recursive: true, force: true }));
  return data;
}

test("an image is sent, judged with its reasons, in use and reached; explained; accepted; judged anew; known after a restart", async (t) => {
  const data = await folderOf(t);
  const clusters = () => clustersWith("shop.example/web:1");
  const first = await testServer({ data, clusters: clusters(), queries });
  const empty = await call(first, "GET", "/images");
  assert.deepEqual([empty.total, empty.rows[0].state, empty.database.digest], [1, "not-analysed", ""]);
  assert.match(empty.database.because, /garrison db/);

  await call(first, "POST", "/images", analysisOf("sha256:a", [zlib, curl]));
  const unmatched = (await call(first, "GET", "/images")).rows[0];
  assert.deepEqual([unmatched.state, unmatched.risk], ["analysed", undefined], "without a database nothing is clean");
  await first[Symbol.asyncDispose]();

  await writeDatabase(path.join(data, "advisories"), [
    osv("CVE-2026-1", "zlib", "1:1.2.13.dfsg-1+deb12u1", ["GHSA-aaaa-bbbb-cccc"]),
  ]);
  const second = await testServer({ data, clusters: clusters(), queries });
  let row = (await call(second, "GET", "/images")).rows[0];
  for (let tries = 0; row.risk === undefined && tries < 10_000; tries += 1)
    row = (await call(second, "GET", "/images")).rows[0];
  assert.deepEqual(
    [row.digest, row.risk.vulnerabilities, row.risk.fixable, row.risk.loaded, row.running.containers, row.exposed],
    ["sha256:a", 1, 1, 1, 1, true],
  );
  const one = await call(second, "GET", "/images/one?digest=sha256:a");
  assert.equal(one.matches[0].vulnerability, "CVE-2026-1");
  assert.match(one.matches[0].because[0].comparison, /1:1\.2\.13\.dfsg-1 .*1:1\.2\.13\.dfsg-1\+deb12u1/);
  assert.equal(one.matches[0].loaded.state, "loaded");
  assert.match(one.matches[0].loaded.because, /libz\.so\.1 is in use by \/usr\/sbin\/nginx in shop\/web/);
  assert.equal(one.packages.find(({ name }: { name: string }) => name === "curl").loaded.state, "not-seen");
  assert.ok(one.advice.some(({ rule }: { rule: string }) => rule === "image/root-user"));

  const holds = await call(second, "GET", "/images/explain?digest=sha256:a&vulnerability=GHSA-aaaa-bbbb-cccc");
  assert.equal(holds.verdict, "holds");
  const not = await call(second, "GET", "/images/explain?digest=sha256:a&vulnerability=CVE-1999-1");
  assert.notEqual(not.verdict, "holds");

  const spec = {
    vulnerability: "CVE-2026-1",
    scope: { repository: "shop.example/web" },
    reason: "r",
    owner: "o",
    expires: "2999-01-01",
  };
  const preview = await call(second, "POST", "/exceptions/preview", { spec });
  assert.deepEqual([preview.covers, preview.images, preview.runningContainers], [1, 1, 1]);
  await call(second, "PUT", "/resources/Exception/zlib", { kind: "Exception", name: "zlib", spec });
  const accepted = (await call(second, "GET", "/images")).rows[0];
  assert.deepEqual([accepted.risk.vulnerabilities, accepted.risk.suppressed], [0, 1]);
  const listed = (await call(second, "GET", "/exceptions")).rows[0];
  assert.deepEqual([listed.state, listed.covers], ["in-force", 1]);
  await call(second, "DELETE", "/resources/Exception/zlib");
  assert.equal((await call(second, "GET", "/images")).rows[0].risk.suppressed, 0);

  const vulnerability = await call(second, "GET", "/vulnerabilities/one?id=CVE-2026-1");
  assert.equal(vulnerability.places[0].reference, "shop.example/web:1");
  assert.equal(vulnerability.vulnerability.loaded, "loaded");
  const sbom = await call(second, "GET", "/images/sbom?digest=sha256:a&format=cyclonedx");
  assert.equal(sbom.bomFormat, "CycloneDX");

  // A new database, while the server runs: the kept packages are asked again, nobody sends the image.
  await writeDatabase(path.join(data, "advisories"), [
    osv("CVE-2026-1", "zlib", "1:1.2.13.dfsg-1+deb12u1"),
    osv("CVE-2026-2", "curl", "7.88.1-11"),
  ]);
  await second.images.desk.advisories.look();
  let again = await call(second, "GET", "/vulnerabilities");
  for (let tries = 0; again.total < 2 && tries < 10_000; tries += 1)
    again = await call(second, "GET", "/vulnerabilities");
  assert.deepEqual(again.rows.map(({ id }: { id: string }) => id).toSorted(), ["CVE-2026-1", "CVE-2026-2"]);
  await second[Symbol.asyncDispose]();

  await using third = await testServer({ data, clusters: clusters(), queries });
  assert.equal((await call(third, "GET", "/vulnerabilities")).total, 2);
  assert.equal((await call(third, "DELETE", "/images?digest=sha256:a")).removed, true);
  assert.equal((await call(third, "GET", "/images")).rows[0].state, "not-analysed");
});

test("bodies: gzip is taken, what is no analysis or grows too much is refused with its place", async () => {
  // Made first: it takes a while, and a connection that idles is closed by the server.
  const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024));
  await using server = await testServer();
  const headers = { authorization: `Bearer ${server.localToken}`, "content-type": "application/json" };
  const send = (body: Uint8Array | string) =>
    fetch(`${server.url}/api/v1/images`, { method: "POST", headers, body: Buffer.from(body) });
  const taken = await send(gzipSync(JSON.stringify(analysisOf("sha256:b", [zlib]))));
  assert.equal(taken.status, 200, await taken.text());
  const wrong = await send(JSON.stringify({ ...analysisOf("sha256:c", []), packages: [{ type: "deb" }] }));
  const problem = (await wrong.json()) as { where: string };
  assert.deepEqual([wrong.status, problem.where], [400, "packages[0].name"]);
  assert.equal((await send(bomb)).status, 400);
  assert.equal((await send("{")).status, 400);
});

test("scans: unlisted registries are refused before anything is asked; a failure says why; running images of listed ones are scanned by themselves", async () => {
  const asked: string[] = [];
  await using server = await testServer({
    config: { images: { registries: ["shop.example"] } },
    clusters: clustersWith("shop.example/web:1"),
    queries,
    scanImage: async (order) => {
      asked.push(order.reference);
      if (order.reference.includes("bad")) throw new Error("no such manifest");
      return analysisOf("sha256:d", [zlib]);
    },
  });
  const headers = { authorization: `Bearer ${server.localToken}` };
  const refused = await ask(server, {
    method: "POST",
    path: "/api/v1/images/scan",
    headers,
    body: { reference: "evil.example/x" },
  });
  assert.deepEqual([refused.status, refused.json["code"]], [403, "images/registry-not-listed"]);
  await call(server, "POST", "/images/scan", { reference: "shop.example/bad:1" });
  await call(server, "GET", "/images");
  let jobs = (await call(server, "GET", "/images/jobs")).jobs;
  for (
    let tries = 0;
    jobs.some(({ endedAt }: { endedAt?: string }) => endedAt === undefined) && tries < 10_000;
    tries += 1
  )
    jobs = (await call(server, "GET", "/images/jobs")).jobs;
  assert.deepEqual(asked.toSorted(), ["shop.example/bad:1", "shop.example/web:1"]);
  assert.equal(jobs.find(({ state }: { state: string }) => state === "failed").because, "no such manifest");
  assert.equal((await call(server, "GET", "/images?running=true")).rows[0].state, "analysed");
});

test("a tag that moved on: what runs is not what the name means now, and is scanned by its digest", async () => {
  const running = `sha256:${"0a".repeat(32)}`;
  const clusters = clustersWith("shop.example/web:1", running);
  const asked: string[] = [];
  await using server = await testServer({
    config: { images: { registries: ["shop.example"] } },
    clusters,
    queries,
    scanImage: async ({ reference }) => {
      asked.push(reference);
      return analysisOf(reference.includes("@") ? running : "sha256:new", [zlib]);
    },
  });
  for (let tries = 0; asked.length < 2 && tries < 6000; tries += 1) {
    await call(server, "GET", "/images");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.deepEqual(asked, ["shop.example/web:1", `shop.example/web@${running}`]);
  let rows = (await call(server, "GET", "/images?running=true")).rows;
  for (let tries = 0; rows[0].state !== "analysed" && tries < 10_000; tries += 1)
    rows = (await call(server, "GET", "/images?running=true")).rows;
  assert.deepEqual(
    rows.map(({ digest, state }: { digest: string; state: string }) => [digest, state]),
    [[running, "analysed"]],
  );
});
