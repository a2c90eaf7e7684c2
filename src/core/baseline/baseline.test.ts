// The laws of learning: merging is commutative, what was learnt is never drift, age-out takes only what was not seen, drift is told once.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Baseline, type BaselineItemKind } from "../../model/baseline.ts";
import { allowListOf } from "./allow-list.ts";
import { confidenceOf } from "./confidence.ts";
import { createDriftBook, driftLimits } from "./drift-book.ts";
import { driftWords } from "./drift-words.ts";
import { boundFacts, foldFacts, mergeFacts, type BaselineFact } from "./facts.ts";
import { compileBaseline } from "./judge.ts";
import { agedOut, newFacts, proposeBaseline, withItems, withoutItems } from "./learn.ts";
import { baselineName } from "./name.ts";
import { destinationItem, domainItem, listenItem, networkOf, parentItem } from "./name-items.ts";
import { fileItem, foldPath } from "./path-items.ts";
import { fileKind, processItems } from "./row-items.ts";

const hour = 3_600_000;
const day = 24 * hour;
const nowMs = Date.parse("2026-11-26T12:00:00Z");
const confidence = confidenceOf({
  hours: 80,
  replicas: 2,
  restarts: 1,
  firstMs: 0,
  newestItemMs: 0,
  nowMs,
  incomplete: "",
});
const target: Baseline["target"] = { namespace: "shop", workload: "web", imageDigest: "", image: "" };

const segment = fc.oneof(
  fc.constantFrom(
    "usr",
    "bin",
    "lib",
    "etc",
    "var",
    "tmp",
    "data",
    ".ssh",
    "proc",
    "self",
    "a",
    "b",
    "c",
    "passwd",
    "x.conf",
  ),
  fc.integer({ min: 0, max: 99_999 }).map(String),
  fc.integer({ min: 0, max: 60 }).map((number) => `dir${number}x`),
  fc.string({ minLength: 1, maxLength: 6 }).filter((text) => !text.includes("/")),
);
const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => `/${parts.join("/")}`);
const label = fc.constantFrom("a", "example", "com", "svc", "cluster", "local", "co", "uk", "shop", "github", "io");
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join("."));
const flow = fc.record({
  destinationKind: fc.constantFrom("Deployment", "External", "Unknown"),
  destinationNamespace: fc.constantFrom("shop", "host"),
  destinationWorkload: fc.constantFrom("", "db"),
  destinationDomain: fc.oneof(fc.constant(""), name),
  destinationAddress: fc.constantFrom("203.0.113.9", "10.0.0.1", "2001:db8::7", "127.0.0.1"),
  destinationPort: fc.constantFrom(0, 443, 5432),
  destinationReason: fc.constantFrom("", "not told yet"),
  protocol: fc.constantFrom("tcp", "udp"),
});
const item: fc.Arbitrary<{ kind: BaselineItemKind; item: string }> = fc.oneof(
  path.map((text) => ({ kind: "executables" as const, item: foldPath(text) })),
  fc
    .tuple(name, path)
    .map(([parent, child]) => ({ kind: "parents" as const, item: parentItem(parent, foldPath(child)) })),
  ...(["reads", "writes", "loads"] as const).map((kind) => path.map((text) => ({ kind, item: fileItem(text, kind) }))),
  flow.map((columns) => ({ kind: "destinations" as const, item: destinationItem(columns) ?? "" })),
  fc.nat(65_535).map((port) => ({ kind: "listens" as const, item: listenItem(port, "tcp") ?? "" })),
  name.map((question) => ({ kind: "domains" as const, item: domainItem(question) })),
);
const fact: fc.Arbitrary<BaselineFact> = fc
  .record({
    what: item.filter((each) => each.item !== ""),
    first: fc.nat(1000),
    length: fc.nat(1000),
    count: fc.integer({ min: 1, max: 9 }),
    replicas: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ what, first, length, count, replicas }) => ({
    ...what,
    firstMs: first,
    lastMs: first + length,
    count,
    replicas,
  }));
const facts = fc.array(fact, { maxLength: 120 });
const seeded = { seed: 20_261_126, numRuns: 300 } as const;

test("merging is commutative, associative and keeps every count", () => {
  fc.assert(
    fc.property(facts, facts, facts, (one, two, three) => {
      const straight = mergeFacts(one, two, three);
      assert.deepEqual(mergeFacts(three, one, two), straight);
      assert.deepEqual(mergeFacts(mergeFacts(one, two), three), straight);
      assert.deepEqual(foldFacts([...three, ...two, ...one]), foldFacts([...one, ...two, ...three]));
      const sum = (list: readonly BaselineFact[]): number => list.reduce((total, { count }) => total + count, 0);
      assert.equal(sum(foldFacts(straight)), sum(one) + sum(two) + sum(three));
    }),
    seeded,
  );
});

test("what was learnt is never drift, and a proposal is a valid resource", () => {
  fc.assert(
    fc.property(facts, (seen) => {
      const spec = proposeBaseline({ target, facts: seen, sinceMs: 0, untilMs: nowMs, confidence, cut: [] });
      assert.deepEqual(newFacts({ ...spec, judged: [] }, seen), []);
      assert.deepEqual(Baseline.parse(structuredClone(spec)), spec);
    }),
    seeded,
  );
});

test("forty folders side by side become their parent; guarded folders never do", () => {
  const many = (prefix: string): BaselineFact[] =>
    Array.from({ length: 40 }, (_, number) => ({
      kind: "writes",
      item: fileItem(`${prefix}/part-${number}-x/file`, "writes"),
      firstMs: 1,
      lastMs: 2,
      count: 1,
      replicas: 1,
    }));
  assert.deepEqual(
    foldFacts(many("/srv/cache")).map((each) => each.item),
    ["/srv/cache/"],
  );
  assert.equal(foldFacts(many("/etc")).length, 40);
});

test("age-out takes what was not seen for long, while the workload was; what people accepted stays", () => {
  const of = (each: string, lastMs: number): BaselineFact => ({
    kind: "executables",
    item: each,
    firstMs: 0,
    lastMs,
    count: 1,
    replicas: 1,
  });
  const old = of("/bin/old", nowMs - 31 * day);
  const seen = [old, of("/bin/new", nowMs - hour), of("/opt/x/a", nowMs - hour)];
  const spec = Baseline.parse({
    target,
    items: { executables: ["/bin/old", "/bin/gone", "/bin/new", "/bin/kept", "/opt/x/"] },
    accepted: [{ kind: "executables", item: "/bin/kept", time: "2026-01-01T00:00:00Z" }],
  });
  const when = { days: 30, nowMs, observedFromMs: nowMs - 40 * day, lastSeenMs: nowMs };
  const gone = agedOut(spec, seen, when);
  assert.deepEqual(
    gone.map((each) => each.item),
    ["/bin/old", "/bin/gone"],
  );
  assert.deepEqual(withoutItems(spec.items, gone).executables, ["/bin/new", "/bin/kept", "/opt/x/"]);
  assert.deepEqual(agedOut(spec, seen, { ...when, days: 0 }), []);
  assert.deepEqual(agedOut(spec, seen, { ...when, observedFromMs: nowMs - 10 * day }), [], "a short look says nothing");
  assert.deepEqual(
    agedOut(spec, seen, { ...when, lastSeenMs: nowMs - 2 * day }),
    [],
    "a workload that is not there says nothing",
  );
  fc.assert(
    fc.property(facts, (list) => {
      const recent = list.map((each) => ({ ...each, lastMs: nowMs }));
      const proposed = proposeBaseline({ target, facts: recent, sinceMs: 0, untilMs: nowMs, confidence, cut: [] });
      assert.deepEqual(agedOut(proposed, recent, { ...when, observedFromMs: 0 }), []);
    }),
    { ...seeded, numRuns: 100 },
  );
});

test("paths fold where they change, and only there", () => {
  const cases = [
    ["/proc/412/stat", "/proc/*/stat"],
    ["/usr/bin/python3.11", "/usr/bin/python3.11"],
    ["/tmp/tmp.Ab12Cd34Ef/run", "/tmp/*/run"],
    ["/var/lib/x/0f3a9c4be1d2455f/run", "/var/lib/x/*/run"],
    ["/a/3f1d2c4b-aaaa-bbbb-cccc-0123456789ab/b", "/a/*/b"],
    ["/cfg/..2026_11_26_10_00_00.123/app.yaml", "/cfg/*/app.yaml"],
    ["/home/deadbeef/x", "/home/deadbeef/x"],
    ["/templates/temperature", "/templates/temperature"],
  ] as const;
  for (const [given, folded] of cases) assert.equal(foldPath(given), folded);
  assert.ok(foldPath(`/${"a/".repeat(500)}`).split("/").length <= 64);
});

test("a file becomes its folder, unless the folder is guarded", () => {
  const cases = [
    ["/var/lib/mysql/ibdata1", "writes", "/var/lib/mysql/"],
    ["/data/dump.rdb", "writes", "/data/"],
    ["/etc/passwd", "writes", "/etc/passwd"],
    ["/etc/nginx/nginx.conf", "reads", "/etc/nginx/"],
    ["/usr/bin/nc", "writes", "/usr/bin/nc"],
    ["/usr/lib/libc.so.6", "loads", "/usr/lib/"],
    ["/tmp/evil.so", "loads", "/tmp/evil.so"],
    ["/tmp/x", "writes", "/tmp/"],
    ["/home/a/.ssh/authorized_keys", "writes", "/home/a/.ssh/authorized_keys"],
    ["/proc/9/mem", "writes", "/proc/*/mem"],
    ["relative", "writes", ""],
  ] as const;
  for (const [given, kind, folded] of cases) assert.equal(fileItem(given, kind), folded, given);
  assert.equal(fileKind("open", 0), "reads");
  assert.equal(fileKind("open", 0o1), "writes");
  assert.equal(fileKind("mount", 0), undefined);
});

test("a folder covers what is below it and nothing beside it", () => {
  const { covers } = compileBaseline(
    Baseline.parse({
      target,
      items: { executables: ["/opt/app/", "/bin/sh"], writes: ["/var/lib/x/"], reads: [], loads: ["/usr/lib/"] },
    }),
  );
  assert.ok(covers("executables", "/opt/app/bin/run"));
  assert.ok(!covers("executables", "/opt/application"));
  assert.ok(!covers("executables", "/bin/shell") && !covers("executables", "/bin/"));
  assert.ok(covers("reads", "/var/lib/x/a"), "who may write may read");
  assert.ok(covers("loads", "/bin/sh"), "a program that may run may be mapped");
  assert.ok(!covers("writes", "/var/lib/"));
});

test("names: domains by their suffix, destinations by owner, then name, then network", () => {
  const domains = [
    ["img3.cdn.example.com.", "example.com"],
    ["a.b.co.uk", "b.co.uk"],
    ["x.y.github.io", "y.github.io"],
    ["db.shop.svc.cluster.local", "db.shop.svc.cluster.local"],
    ["evil.com.shop.svc.cluster.local", "*.shop.svc.cluster.local"],
    ["evil.com.svc.cluster.local", "evil.com.svc.cluster.local"],
    ["4.3.2.1.in-addr.arpa", "in-addr.arpa"],
    ["localhost", "localhost"],
  ] as const;
  for (const [question, suffix] of domains) assert.equal(domainItem(question), suffix);
  assert.equal(networkOf("2001:db8:0:1::7"), "2001:db8:0:1::/64");
  assert.equal(networkOf("::ffff:10.1.2.3"), "10.1.2.0/24");
  assert.equal(networkOf("127.0.0.1"), undefined);
  const base = {
    destinationKind: "External",
    destinationNamespace: "",
    destinationWorkload: "",
    destinationDomain: "",
    destinationAddress: "203.0.113.7",
    destinationPort: 443,
    destinationReason: "",
    protocol: "tcp",
  };
  assert.equal(destinationItem(base), "network 203.0.113.0/24 443/tcp");
  assert.equal(destinationItem({ ...base, destinationDomain: "api.example.com" }), "domain example.com 443/tcp");
  assert.equal(
    destinationItem({
      ...base,
      destinationKind: "Deployment",
      destinationNamespace: "shop",
      destinationWorkload: "db",
    }),
    "workload shop/db 443/tcp",
  );
  assert.equal(
    destinationItem({ ...base, destinationKind: "Unknown", destinationReason: "no pod has it" }),
    undefined,
    "unknown is no drift",
  );
  assert.equal(parentItem("runc:[2:INIT]", "/bin/sh"), "runtime -> /bin/sh");
  assert.equal(parentItem("kworker/3:1", "/bin/sh"), "kworker/*:* -> /bin/sh");
  const init = { action: "exec", name: "runc:[2:INIT]", executable: "/runc" } as const;
  for (const ancestors of [[], ["runc", "containerd-shim"], ["containerd-shim"]])
    assert.deepEqual(processItems({ ...init, ancestors }), []);
  // A tool that was called so hides nothing.
  const tool = processItems({ action: "exec", name: "runc", executable: "/tmp/runc", ancestors: ["sh", "nginx"] });
  assert.equal(tool.map(({ item }) => item).join(), "/tmp/runc,sh -> /tmp/runc");
  assert.deepEqual(processItems({ action: "fork", name: "a", executable: "/a", ancestors: [] }), []);
});

test("what a person writes wider holds: any port, a domain above, any parent", () => {
  const { covers } = compileBaseline(
    Baseline.parse({
      target,
      items: {
        destinations: ["domain example.com *", "network 10.0.0.0/24 */tcp"],
        domains: ["Example.com"],
        parents: ["* -> /bin/sh"],
        listens: ["*/tcp"],
      },
    }),
  );
  assert.ok(
    covers("destinations", "domain api.example.com 8443/tcp") && !covers("destinations", "domain example.org 443/tcp"),
  );
  assert.ok(
    covers("destinations", "network 10.0.0.0/24 99/tcp") && !covers("destinations", "network 10.0.0.0/24 99/udp"),
  );
  assert.ok(covers("domains", "a.example.com") && !covers("domains", "badexample.com"));
  assert.ok(covers("parents", "nc -> /bin/sh") && !covers("parents", "nc -> /bin/bash"));
  assert.ok(covers("listens", "1/tcp") && !covers("listens", "1/udp"));
});

test("confidence grows with hours, quiet, replicas and restarts, and says what is missing", () => {
  const low = confidenceOf({
    hours: 1,
    replicas: 1,
    restarts: 0,
    firstMs: nowMs - hour,
    newestItemMs: nowMs,
    nowMs,
    incomplete: "",
  });
  assert.equal(low.level, "low");
  assert.equal(low.because.length, 4);
  const full = { hours: 72, replicas: 2, restarts: 1, firstMs: 0, newestItemMs: nowMs - 30 * hour, nowMs };
  assert.deepEqual(confidenceOf({ ...full, incomplete: "" }).score, 100);
  const cut = confidenceOf({ ...full, incomplete: "a limit ended the query" });
  assert.equal(cut.score, 50);
  assert.match(cut.because.join(), /a limit ended the query/);
});

test("kinds that nobody looked at completely are not judged", () => {
  const listed: BaselineFact[] = [{ kind: "domains", item: "a.b", firstMs: 0, lastMs: 1, count: 1, replicas: 1 }];
  const spec = proposeBaseline({ target, facts: listed, sinceMs: 0, untilMs: nowMs, confidence, cut: ["domains"] });
  assert.deepEqual(spec.judged, ["executables", "parents", "destinations", "listens"]);
  const many = Array.from({ length: 2001 }, (_, port): BaselineFact => ({
    kind: "listens",
    item: `${port}/tcp`,
    firstMs: 0,
    lastMs: 1,
    count: port,
    replicas: 1,
  }));
  const bounded = boundFacts(many);
  assert.deepEqual(bounded.overfull, ["listens"]);
  assert.ok(!bounded.facts.some((each) => each.item === "0/tcp"), "the rarest is left out");
});

test("accepted items join once", () => {
  const spec = Baseline.parse({ target, items: { executables: ["/bin/sh"] } });
  const { items, added, full } = withItems(spec, [
    { kind: "executables", item: "/bin/sh" },
    { kind: "executables", item: "/bin/nc" },
  ]);
  assert.deepEqual(items.executables, ["/bin/nc", "/bin/sh"]);
  assert.deepEqual([added, full], [[{ kind: "executables", item: "/bin/nc" }], undefined]);
  assert.deepEqual(spec.items.executables, ["/bin/sh"], "the old one stays as it was");
});

test("drift is told once an hour with its count; beyond the share of a workload it is counted", () => {
  const book = createDriftBook<string>();
  const note = (workload: string, each: string, atMs: number) =>
    book.note({ workload, item: each, sample: `${each}@${atMs}`, count: 1 }, atMs);
  assert.equal(note("web", "a", 0), true);
  for (let at = 1; at <= 1000; at += 1) assert.equal(note("web", "a", at), false);
  assert.deepEqual(book.flush(hour - 1), { repeated: [], overflow: [] });
  assert.deepEqual(book.flush(hour).repeated, [{ workload: "web", item: "a", sample: "a@1000", count: 1000 }]);
  assert.deepEqual(book.flush(2 * hour).repeated, []);
  assert.equal(note("web", "a", 2 * hour), true, "after a quiet hour it is told again at once");
  for (let number = 0; number < driftLimits.itemsPerWorkloadMax + 5; number += 1) note("busy", String(number), 0);
  assert.equal(book.untold, 5);
  assert.equal(note("other", "a", 0), true, "one workload's flood is not another's silence");
  const { overflow } = book.flush(3 * hour);
  assert.deepEqual(
    overflow.map(({ workload, count }) => [workload, count]),
    [["busy", 5]],
  );
});

test("the guard gets exactly the programs; what it cannot say is widened or withheld, and said", () => {
  const spec = Baseline.parse({ target, mode: "protecting", items: { executables: ["/bin/sh", "/opt/*/run"] } });
  const dry = allowListOf("web", spec);
  assert.deepEqual([dry.list?.mode, dry.list?.executables], ["dry-run", ["/bin/sh", "/opt/"]]);
  assert.match(dry.because, /folder/);
  assert.equal(allowListOf("web", { ...spec, dryRun: false }).list?.mode, "enforce");
  assert.equal(allowListOf("web", { ...spec, mode: "monitoring" }).list, undefined);
  const everything = allowListOf("web", { ...spec, items: { ...spec.items, executables: ["/bin/sh", "/*/run"] } });
  assert.equal(everything.list, undefined);
  assert.match(everything.because, /every program/);
  const none = allowListOf("web", Baseline.parse({ target, mode: "protecting" }));
  assert.equal(none.list, undefined);
  assert.match(none.because, /nothing could run/);
});

test("names of resources are valid and distinct by image; protecting raises an unknown program", () => {
  assert.equal(
    baselineName({ namespace: "shop", kind: "Deployment", workload: "web", imageDigest: "sha256:0123456789abcdef" }),
    "shop-web.deployment.0123456789ab",
  );
  const odd = baselineName({
    namespace: "host",
    kind: "SystemdUnit",
    workload: "app@x.service (1000)",
    imageDigest: "",
  });
  assert.match(odd, /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
  assert.ok(baselineName({ namespace: "n", kind: "Job", workload: "w".repeat(253), imageDigest: "" }).length <= 253);
  assert.equal(driftWords("executables", "web", "monitoring").severity, "medium");
  assert.equal(driftWords("executables", "web", "protecting").severity, "high");
});
