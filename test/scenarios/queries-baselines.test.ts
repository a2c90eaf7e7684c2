// Learning as a question, against a real store process with planted rows: the same items as judging makes of the same rows, by workload and image, with limits and drift.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { manualClock } from "../../src/base/clock.ts";
import { itemsOfRow, type BaselineTable } from "../../src/core/baseline/row-items.ts";
import { createQueries } from "../../src/edge/store/queries/create-queries.ts";
import type { Queries } from "../../src/edge/store/queries/queries.ts";
import type { Row } from "../../src/model/table.ts";
import { bash, minute, nowMs, question, shopToDb, subject } from "../support/queries-world.ts";
import { type ScratchRow, type ScratchStore, startScratchStore } from "../support/scratch-store.ts";

let store: ScratchStore;
let queries: Queries;

const imageDigest = "sha256:aaa";
const own = { ...subject, imageDigest, image: "shop/web:1" };
const nginx = { ...bash, ...own, name: "nginx", executable: "/usr/sbin/nginx", ancestors: ["containerd-shim"] };
const processes: readonly ScratchRow[] = [
  { ...nginx, containerId: "c1", pod: "web-1" },
  { ...nginx, containerId: "c2", pod: "web-2", time: nowMs - 90 * minute },
  { ...nginx, containerId: "c2", pod: "web-2", name: "sh", executable: "/opt/job/41234/run", ancestors: ["nginx"] },
  { ...nginx, containerId: "c2", pod: "web-2", name: "runc:[2:INIT]", executable: "/runc", ancestors: [] },
  { ...nginx, containerId: "c2", pod: "web-2", name: "runc", executable: "/runc", ancestors: ["runc"] },
  { ...nginx, containerId: "c2", pod: "web-2", name: "runc", executable: "/opt/runc", ancestors: ["sh", "nginx"] },
  { ...nginx, containerId: "c2", pod: "web-2", action: "fork" },
  { ...nginx, imageDigest: "sha256:bbb", executable: "/usr/bin/new-image" },
];
const file = { ...own, time: nowMs - minute, action: "open", flags: 0o1, count: 3, containerId: "c1" };
const files: readonly ScratchRow[] = [
  { ...file, path: "/var/cache/nginx/7/0f3a9c4be1d2455f/x" },
  { ...file, path: "/var/cache/nginx/8/aaaaaaaaaaaaaaaa/y" },
  { ...file, path: "/etc/passwd" },
  { ...file, path: "/root.txt" },
  { ...file, path: "/srv/a" },
  { ...file, path: "/proc/12/oom_score_adj" },
  { ...file, path: "/home/web/.ssh/authorized_keys" },
  { ...file, action: "open", flags: 0, path: "/etc/nginx/nginx.conf" },
  { ...file, action: "rename", path: "/var/tmp/tmp.Ab12Cd34/a", targetPath: "/usr/bin/tool" },
  { ...file, action: "mapped", path: "/usr/lib/libssl.so.3" },
  { ...file, action: "mapped", path: "/tmp/x.so" },
  { ...file, action: "mount", path: "/mnt" },
];
const out = { ...shopToDb, sourceImageDigest: imageDigest };
const external = {
  ...out,
  destinationKind: "External",
  destinationNamespace: "",
  destinationWorkload: "",
  destinationPod: "",
};
const flows: readonly ScratchRow[] = [
  out,
  { ...external, destinationAddress: "203.0.113.5", destinationPort: 443 },
  { ...external, destinationAddress: "203.0.113.77", destinationPort: 443 },
  { ...external, destinationAddress: "2001:db8::1:2", destinationPort: 443 },
  { ...external, destinationAddress: "203.0.113.9", destinationDomain: "cdn.example.com", destinationPort: 443 },
  {
    ...external,
    destinationKind: "Unknown",
    destinationReason: "no pod has it",
    destinationAddress: "10.0.0.99",
    destinationPort: 80,
  },
  {
    ...out,
    reporter: "destination",
    sourceWorkload: "edge",
    destinationWorkload: "web",
    destinationPod: "web-1",
    destinationKind: "Deployment",
    destinationImageDigest: imageDigest,
    destinationPort: 8080,
  },
  { ...external, destinationAddress: "127.0.0.1", destinationPort: 9, loopback: true },
];
const names: readonly ScratchRow[] = [
  "img1.cdn.example.com",
  "x.y.z.example.com",
  "db.shop.svc.cluster.local",
  "example.com.shop.svc.cluster.local",
  "9.0.0.10.in-addr.arpa",
].map((asked) => ({ ...question, ...own, question: asked }));
const planted = { process_events: processes, file_events: files, flows, dns_events: names } as const;

before(async () => {
  store = await startScratchStore();
  for (const [table, rows] of Object.entries(planted)) await store.insert(table as BaselineTable, rows);
  const drift = {
    ...own,
    time: nowMs - minute,
    source: "garrison",
    severity: "medium",
    rule: "Drift: executable not in the baseline",
    action: "detected",
  };
  await store.insert("security_events", [
    {
      ...drift,
      outputFields: ["drift.kind=executables", "drift.item=/usr/bin/nc -l"],
      evidence: ["then exec: nc"],
      process: "nc",
      count: 1,
    },
    {
      ...drift,
      time: nowMs,
      outputFields: ["drift.kind=executables", "drift.item=/usr/bin/nc -l"],
      evidence: ["now exec: nc"],
      process: "nc",
      count: 9,
    },
    { ...drift, rule: "Terminal shell in container" },
  ]);
  queries = createQueries({ store: store.store, clock: manualClock(nowMs) });
});
after(() => store[Symbol.asyncDispose]());

const web = { cluster: "c", namespace: "shop", kind: "Deployment", workload: "web", imageDigest } as const;

test("learning makes the items that judging makes of the same rows", async () => {
  const sums = await queries.baselineSums({ of: web });
  const learnt = new Set(sums.facts.map(({ fact: { kind, item } }) => `${kind} ${item}`));
  const judged = new Set(
    (Object.keys(planted) as BaselineTable[]).flatMap((table) =>
      planted[table]
        .filter((row) => row["imageDigest"] !== "sha256:bbb")
        .flatMap((row) =>
          itemsOfRow(table, {
            ancestors: [],
            targetPath: "",
            destinationDomain: "",
            destinationReason: "",
            loopback: false,
            ...row,
          } as unknown as Row<BaselineTable>),
        )
        .map(({ kind, item }) => `${kind} ${item}`),
    ),
  );
  assert.deepEqual([...learnt].sort(), [...judged].sort());
  for (const expected of [
    "executables /opt/job/*/run",
    "executables /opt/runc",
    "parents nginx -> /opt/job/*/run",
    "parents runtime -> /usr/sbin/nginx",
    "writes /var/cache/nginx/*/*/",
    "writes /etc/passwd",
    "writes /usr/bin/tool",
    "writes /srv/",
    "destinations network 203.0.113.0/24 443/tcp",
    "destinations network 2001:db8:0:0::/64 443/tcp",
    "destinations domain example.com 443/tcp",
    "destinations workload shop/db 5432/tcp",
    "listens 8080/tcp",
    "domains *.shop.svc.cluster.local",
  ])
    assert.ok(learnt.has(expected), expected);
  assert.deepEqual(sums.cut, []);
});

test("facts are merged over replicas; lives count hours, replicas and starts; another image is another workload", async () => {
  const sums = await queries.baselineSums({ of: web });
  const fact = sums.facts.find((each) => each.fact.item === "/usr/sbin/nginx")?.fact;
  assert.deepEqual([fact?.count, fact?.replicas, fact?.firstMs], [2, 2, nowMs - 90 * minute]);
  const cache = sums.facts.find((each) => each.fact.item === "/var/cache/nginx/*/*/")?.fact;
  assert.equal(cache?.count, 6, "rows stand for several events");
  const [life] = sums.lives;
  assert.deepEqual([life?.replicas, life?.starts, life?.image], [2, 2, "shop/web:1"]);
  assert.ok((life?.hours ?? 0) >= 2);
  assert.equal(sums.keptSinceMs.executables, nowMs - 90 * minute);
  const all = await queries.baselineSums({ of: {} });
  assert.deepEqual(
    [...new Set(all.lives.filter(({ workload }) => workload === "web").map((each) => each.imageDigest))].sort(),
    ["sha256:aaa", "sha256:bbb"],
  );
  const earlier = await queries.baselineSums({ of: web, since: "2h", until: "60m" });
  assert.deepEqual(
    [...new Set(earlier.facts.map((each) => each.fact.item))],
    ["/usr/sbin/nginx", "runtime -> /usr/sbin/nginx"],
  );
});

test("only the kinds that are asked for are looked at, and come as they would among all", async () => {
  const all = await queries.baselineSums({ of: web });
  const textOf = ({ fact }: (typeof all.facts)[number]): string => JSON.stringify(fact);
  assert.ok(all.facts.some(({ fact }) => fact.kind === "reads"));
  for (const kinds of [["writes", "loads"], ["parents"], ["reads"], ["listens", "domains"]] as const) {
    const some = await queries.baselineSums({ of: web, kinds });
    const expected = all.facts.filter(({ fact }) => (kinds as readonly string[]).includes(fact.kind));
    assert.deepEqual(some.facts.map(textOf).sort(), expected.map(textOf).sort(), kinds.join(", "));
    assert.deepEqual(some.lives, all.lives);
  }
});

test("drift is summed by item, with the newest evidence; other detections are not drift", async () => {
  const { drift, omitted } = await queries.baselineDrift({ of: web, limit: 10 });
  assert.deepEqual(
    drift.map((each) => [each.itemKind, each.item, each.count, each.evidence, each.process]),
    [["executables", "/usr/bin/nc -l", 10, "now exec: nc", "nc"]],
  );
  assert.equal(omitted, 0);
});
