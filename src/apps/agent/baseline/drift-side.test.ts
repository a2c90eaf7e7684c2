// Judging on the node: what was learnt passes, what was not is told once with evidence and the baseline's version; unknown workloads wait; the guard gets the right lists.
import assert from "node:assert/strict";
import { test } from "node:test";
import { driftLimits } from "../../../core/baseline/drift-book.ts";
import type { AllowListsStanding, ExecutableAllowList } from "../../../core/runtime-policy/contract.ts";
import type { Resource } from "../../../model/resource.ts";
import { type Row, type TableName, wireColumnsOf } from "../../../model/table.ts";
import type { Outbox } from "../outbox.ts";
import { allowListsLimits } from "./allow-lists.ts";
import { createDriftSide, type DriftSide } from "./drift-side.ts";

const web = {
  namespace: "shop",
  workload: "web",
  workloadKind: "Deployment",
  imageDigest: "sha256:aaa",
  image: "shop/web:1",
} as const;
const target = {
  namespace: "shop",
  workload: "web",
  kind: "Deployment",
  imageDigest: "sha256:aaa",
  image: "shop/web:1",
};
const learnt = {
  executables: ["/usr/sbin/nginx", "/bin/sh"],
  parents: ["runtime -> /usr/sbin/nginx", "nginx -> /bin/sh"],
  writes: ["/var/log/nginx/"],
  destinations: ["workload shop/db 5432/tcp"],
  listens: ["8080/tcp"],
  domains: ["example.com"],
};

function rowOf<Name extends TableName>(table: Name, more: object): Row<Name> {
  const empty = (type: string): unknown => (type.startsWith("Array") ? [] : type.includes("Int") ? 0 : "");
  return {
    ...Object.fromEntries(wireColumnsOf(table).map(({ name, type }) => [name, empty(type)])),
    ...more,
  } as Row<Name>;
}

const exec = (executable: string, parent = "nginx", more: object = {}) =>
  rowOf("process_events", {
    time: 5000,
    action: "exec",
    name: executable.split("/").at(-1),
    executable,
    pid: 7,
    processId: "7.a.b",
    ancestors: [parent],
    arguments: [executable, "-x"],
    ...web,
    ...more,
  });

interface Scene {
  readonly side: DriftSide;
  readonly told: Row<"security_events">[];
  readonly lists: ExecutableAllowList[][];
  at: number;
  standing: AllowListsStanding;
  readonly give: (spec: object, more?: Partial<Resource>) => void;
}

function scene(refusals = new Map<string, string>()): Scene {
  const told: Row<"security_events">[] = [];
  const lists: ExecutableAllowList[][] = [];
  const made: Scene = {
    told,
    lists,
    at: 10_000,
    standing: "held",
    side: createDriftSide({
      nowMs: () => made.at,
      tell: (row) => void told.push(row),
      guard: {
        setAllowLists(offered) {
          lists.push([...offered]);
          return refusals;
        },
        listsStanding: () => made.standing,
      },
    }),
    give: (spec, more = {}) => {
      made.side.setResources([resourceOf(spec, more)]);
    },
  };
  return made;
}

function resourceOf(spec: object, more: Partial<Resource> = {}): Resource {
  return {
    apiVersion: "garrison/v1",
    kind: "Baseline",
    scope: "cluster/c",
    name: "shop-web",
    generation: 3,
    author: "me",
    deleted: false,
    time: "2026-11-26T10:00:00.000Z",
    spec: { target, items: learnt, ...spec },
    ...more,
  };
}

test("what was learnt passes; a program that was not is told once, with evidence and the baseline's version", () => {
  const { side, told, give } = scene();
  give({});
  side.take("process_events", exec("/usr/sbin/nginx", "containerd-shim"));
  side.take("process_events", exec("/bin/sh"));
  assert.equal(told.length, 0);
  side.take("process_events", exec("/usr/bin/nc"));
  assert.deepEqual(
    told.map(({ rule }) => rule),
    ["Drift: executable not in the baseline", "Drift: parent not in the baseline"],
  );
  const [event] = told;
  assert.equal(event?.severity, "medium");
  assert.equal(event?.policy, "shop-web");
  assert.deepEqual([event?.workload, event?.imageDigest, event?.pid], ["web", "sha256:aaa", 7]);
  assert.match(event?.evidence[0] ?? "", /^1970-01-01T00:00:05.000Z exec: \/usr\/bin\/nc -x \(parent nginx\)$/);
  assert.match(event?.evidence[1] ?? "", /shop-web version 3 \(monitoring\)/);
  assert.ok(event?.outputFields.includes("drift.item=/usr/bin/nc"));
  for (let times = 0; times < 50; times += 1) side.take("process_events", exec("/usr/bin/nc"));
  assert.equal(told.length, 2);
});

test("the next hour tells how often it was", () => {
  const made = scene();
  made.give({});
  for (let times = 0; times < 51; times += 1) made.side.take("process_events", exec("/usr/bin/nc"));
  made.at += driftLimits.repeatMs;
  made.side.tick(made.at);
  assert.deepEqual(
    made.told.map(({ rule, count }) => [rule, count]),
    [
      ["Drift: executable not in the baseline", 1],
      ["Drift: parent not in the baseline", 1],
      ["Drift: executable not in the baseline", 50],
      ["Drift: parent not in the baseline", 50],
    ],
  );
  assert.match(made.told[2]?.message ?? "", /50 times/);
});

test("a flood of different programs is told up to the limit, then counted", () => {
  const made = scene();
  made.give({ judged: ["executables"] });
  for (let number = 0; number < 150; number += 1) made.side.take("process_events", exec(`/opt/x${number}y`));
  assert.equal(made.told.length, driftLimits.itemsPerWorkloadMax);
  assert.equal(made.side.counters.untold, 50);
  made.at += driftLimits.repeatMs;
  made.side.tick(made.at);
  assert.deepEqual(
    made.told.slice(100).map(({ rule, count }) => [rule, count]),
    [["Drift: more than is told one by one", 50]],
  );
});

test("files, destinations, ports and names are judged", () => {
  const { side, told, give } = scene();
  give({});
  const file = { time: 1, ...web, action: "open", flags: 1, process: "sh", count: 4 };
  side.take("file_events", rowOf("file_events", { ...file, path: "/var/log/nginx/access.log" }));
  side.take("file_events", rowOf("file_events", { ...file, path: "/etc/passwd" }));
  side.take("file_events", rowOf("file_events", { ...file, flags: 0, path: "/etc/shadow" }));
  const flow = {
    time: 1,
    protocol: "tcp",
    process: "sh",
    sourceNamespace: "shop",
    sourceWorkload: "web",
    sourceKind: "Deployment",
    sourceImageDigest: "sha256:aaa",
    reporter: "source",
    loopback: false,
  };
  side.take(
    "flows",
    rowOf("flows", {
      ...flow,
      destinationKind: "StatefulSet",
      destinationNamespace: "shop",
      destinationWorkload: "db",
      destinationPort: 5432,
    }),
  );
  side.take(
    "flows",
    rowOf("flows", { ...flow, destinationKind: "External", destinationAddress: "203.0.113.9", destinationPort: 4444 }),
  );
  const inbound = {
    ...flow,
    reporter: "destination",
    destinationNamespace: "shop",
    destinationWorkload: "web",
    destinationKind: "Deployment",
    destinationImageDigest: "sha256:aaa",
  };
  side.take("flows", rowOf("flows", { ...inbound, destinationPort: 8080 }));
  side.take("flows", rowOf("flows", { ...inbound, destinationPort: 31337 }));
  const dns = { time: 1, ...web, process: "sh", questionType: "A", count: 1 };
  side.take("dns_events", rowOf("dns_events", { ...dns, question: "www.example.com" }));
  side.take("dns_events", rowOf("dns_events", { ...dns, question: "a.b.evil.test" }));
  assert.deepEqual(
    told.map(({ outputFields, count }) => [outputFields.at(-1), count]),
    [
      ["drift.item=/etc/passwd", 4],
      ["drift.item=network 203.0.113.0/24 4444/tcp", 1],
      ["drift.item=31337/tcp", 1],
      ["drift.item=evil.test", 1],
    ],
  );
});

test("other images, other workloads, workloads without a name and a taken-back baseline drift in nothing", () => {
  const { side, told, give } = scene();
  give({});
  side.take("process_events", exec("/usr/bin/nc", "sh", { imageDigest: "sha256:bbb" }));
  side.take("process_events", exec("/usr/bin/nc", "sh", { workload: "other" }));
  side.take("process_events", exec("/usr/bin/nc", "sh", { workload: "", identityReason: "not told yet" }));
  side.take("process_events", exec("/usr/bin/nc", "sh", { action: "exit" }));
  side.setResources([]);
  side.take("process_events", exec("/usr/bin/nc"));
  assert.equal(told.length, 0);
});

test("a new version that accepts the item ends its drift; a broken one is refused alone", () => {
  const { side, told } = scene();
  const other = resourceOf({ target: { workload: "x" } }, { name: "x" });
  side.setResources([resourceOf({}), other]);
  side.setResources([
    resourceOf(
      { items: { ...learnt, executables: ["/usr/bin/nc"], parents: ["* -> /usr/bin/nc"] } },
      { generation: 4 },
    ),
    other,
  ]);
  side.take("process_events", exec("/usr/bin/nc"));
  assert.equal(told.length, 0);
  side.setResources([resourceOf({ mode: "shouting" }), other]);
  assert.deepEqual(
    side.statuses().map(({ name, state }) => [name, state]),
    [
      ["x", "applied"],
      ["shop-web", "refused"],
    ],
  );
  assert.match(side.statuses()[1]?.because ?? "", /^mode: /);
});

test("the tap judges and passes on", async () => {
  const made = scene();
  const { side, told, give } = made;
  give({});
  const pushed: TableName[] = [];
  const outbox = {
    push: (table: TableName) => void pushed.push(table),
    flush: async () => undefined,
    queued: 4,
    dropped: 2,
  } as unknown as Outbox;
  const tapped = side.tap(outbox);
  tapped.push("process_events", exec("/usr/bin/nc"));
  assert.deepEqual([pushed, told.length, tapped.queued, tapped.dropped], [["process_events"], 2, 4, 2]);
  tapped.push("process_events", exec("/usr/bin/nc"));
  made.at += driftLimits.repeatMs;
  await tapped.flush();
  assert.equal(told.length, 4, "a flush tells what was repeated");
});

test("a protecting baseline goes to the guard, a dry run first; its program drift weighs more", () => {
  const { side, told, lists, give } = scene();
  give({ mode: "protecting" });
  assert.deepEqual(
    lists
      .at(-1)
      ?.map(({ mode, namespace, workload, image, executables }) => [mode, namespace, workload, image, executables]),
    [["dry-run", "shop", "web", "shop/web:1", ["/usr/sbin/nginx", "/bin/sh"]]],
  );
  assert.match(side.statuses()[0]?.because ?? "", /dry run/);
  give({ mode: "protecting", dryRun: false }, { generation: 4 });
  assert.equal(lists.at(-1)?.[0]?.mode, "enforce");
  side.take("process_events", exec("/usr/bin/nc"));
  assert.equal(told[0]?.severity, "high");
  give({}, { generation: 5 });
  assert.deepEqual(lists.at(-1), [], "a step down takes the list back");
});

test("a version is applied when the guard holds it; until then the node speaks of the one before", () => {
  const made = scene();
  const { side, give } = made;
  const told = () => side.statuses().map(({ state, generation, because }) => [state, generation, because]);
  made.standing = "pending";
  give({ mode: "protecting" });
  assert.deepEqual(told(), []);
  made.standing = "held";
  assert.deepEqual(told(), [["applied", 3, "dry run: the guard tells what it would end"]]);
  made.standing = "pending";
  give({ mode: "protecting", dryRun: false }, { generation: 4 });
  assert.deepEqual(told(), [["applied", 3, "dry run: the guard tells what it would end"]]);
  // A step down waits for nobody: drift is told here.
  give({}, { generation: 5 });
  assert.deepEqual(told(), [["applied", 5, ""]]);
  made.standing = { failed: "EPERM" };
  give({ mode: "protecting" }, { generation: 6 });
  assert.deepEqual(told(), [["applied", 6, "nothing is ended on this node: EPERM"]]);
});

test("another digest under the same name withholds the list until it is gone; both learnt are one list", () => {
  const made = scene();
  made.give({ mode: "protecting", dryRun: false });
  made.side.take("process_events", exec("/usr/sbin/nginx", "runc", { imageDigest: "sha256:bbb" }));
  assert.deepEqual(made.lists.at(-1), []);
  assert.match(made.side.statuses()[0]?.because ?? "", /another image/);
  made.at += allowListsLimits.otherDigestMs;
  made.side.tick(made.at);
  assert.equal(made.lists.at(-1)?.length, 1);
  const second = {
    target: { ...target, imageDigest: "sha256:bbb" },
    items: { executables: ["/opt/new"] },
    mode: "protecting",
  };
  made.side.setResources([resourceOf({ mode: "protecting", dryRun: false }), resourceOf(second, { name: "second" })]);
  assert.deepEqual(
    made.lists.at(-1)?.map(({ executables, mode }) => [executables, mode]),
    [[["/usr/sbin/nginx", "/bin/sh", "/opt/new"], "dry-run"]],
  );
});

test("what the guard refuses, and a node without one, are said", () => {
  const refusing = scene(new Map([["baseline shop-web", "no cgroup of this workload is known"]]));
  refusing.give({ mode: "protecting" });
  assert.match(refusing.side.statuses()[0]?.because ?? "", /no cgroup of this workload/);
  const bare = createDriftSide({ nowMs: () => 0, tell: () => undefined });
  bare.setResources([resourceOf({ mode: "protecting" })]);
  assert.match(bare.statuses()[0]?.because ?? "", /no guard/);
});
