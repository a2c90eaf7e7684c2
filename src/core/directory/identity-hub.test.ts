import assert from "node:assert/strict";
import { test } from "node:test";
import { IdentityEntry, identityLimits } from "../../model/identity-entry.ts";
import { createIdentityHub } from "./identity-hub.ts";
import type { IdentityChange } from "./identity-source.ts";

function pod(uid: string, more: Partial<IdentityEntry> = {}): IdentityEntry {
  return IdentityEntry.parse({
    key: `Pod/${uid}`,
    kind: "pod",
    addresses: ["10.0.0.1"],
    namespace: "shop",
    workload: "web",
    workloadKind: "Deployment",
    pod: `web-${uid}`,
    podUid: uid,
    fromMs: 1000,
    ...more,
  });
}

function listened(entriesMax?: number) {
  const hub = createIdentityHub(entriesMax);
  const heard: [string, IdentityChange][] = [];
  const stop = hub.onChange((cluster, change) => heard.push([cluster, change]));
  return { hub, heard, stop };
}

test("a cluster is unknown until somebody says something of it, and again when it is forgotten", () => {
  const { hub, heard } = listened();
  assert.equal(hub.snapshot("a"), undefined);
  hub.explain("a", "the first list is under way");
  assert.deepEqual(hub.snapshot("a"), { entries: [], because: "the first list is under way", ended: [] });
  hub.explain("a", "the first list is under way");
  assert.equal(heard.length, 1, "the same reason twice is no news");
  hub.forget("a");
  assert.equal(hub.snapshot("a"), undefined);
  assert.deepEqual(heard.at(-1), ["a", { put: [], ended: [] }]);
});

test("a reset tells only what differs: new, changed, and ended at its time", () => {
  const { hub, heard } = listened();
  hub.reset("a", { entries: [pod("1"), pod("2")], because: "" }, 5000);
  hub.reset("a", { entries: [pod("1"), pod("3")], because: "" }, 6000);
  assert.deepEqual(heard.at(-1), ["a", { put: [pod("3")], ended: [{ key: "Pod/2", atMs: 6000 }] }]);
  const count = heard.length;
  hub.reset("a", { entries: [pod("1"), pod("3")], because: "" }, 7000);
  assert.equal(heard.length, count);
  hub.reset("a", { entries: [pod("1", { workload: "api" }), pod("3")], because: "" }, 8000);
  assert.deepEqual(
    heard.at(-1)?.[1].put.map((entry) => entry.workload),
    ["api"],
  );
});

test("the first reset of an empty cluster is news: its inventory is whole and has nothing", () => {
  const { hub, heard } = listened();
  hub.reset("a", { entries: [], because: "" }, 1);
  assert.equal(heard.length, 1);
  assert.deepEqual(hub.snapshot("a"), { entries: [], because: "", ended: [] });
});

test("changes of one cluster do not touch another of the same names", () => {
  const { hub } = listened();
  hub.reset("a", { entries: [pod("1")], because: "" }, 1);
  hub.reset("b", { entries: [pod("1", { workload: "other" })], because: "" }, 1);
  hub.change("a", { put: [], ended: [{ key: "Pod/1", atMs: 2 }] });
  assert.deepEqual(hub.snapshot("a")?.entries, []);
  assert.equal(hub.snapshot("b")?.entries[0]?.workload, "other");
});

test("an end of something unknown and a put without a difference are no news", () => {
  const { hub, heard } = listened();
  hub.change("a", { put: [pod("1")], ended: [] });
  const count = heard.length;
  hub.change("a", { put: [pod("1")], ended: [{ key: "Pod/9", atMs: 1 }] });
  assert.equal(heard.length, count);
});

test("what has no room is left out, counted in the reason, and comes in with a reset that has room", () => {
  const { hub } = listened(2);
  hub.change("a", { put: [pod("1"), pod("2"), pod("3")], ended: [] });
  assert.equal(hub.snapshot("a")?.entries.length, 2);
  assert.match(hub.snapshot("a")?.because ?? "", /^1 things of the cluster have no room/);
  hub.reset("a", { entries: [pod("2"), pod("3")], because: "" }, 9);
  assert.deepEqual(
    hub.snapshot("a")?.entries.map((entry) => entry.podUid),
    ["2", "3"],
  );
  assert.equal(hub.snapshot("a")?.because, "");
});

test("who stopped listening hears nothing more", () => {
  const { hub, heard, stop } = listened();
  stop();
  hub.explain("a", "x");
  assert.deepEqual(heard, []);
});

test("what ended lately is told to newcomers, for as long as facts of its time may come", () => {
  const { hub } = listened();
  hub.reset("a", { entries: [pod("1"), pod("2"), pod("3")], because: "" }, 1);
  hub.change("a", { put: [], ended: [{ key: "Pod/1", atMs: 1000 }] });
  hub.reset("a", { entries: [pod("3")], because: "" }, 2000);
  const ended = () => hub.snapshot("a")?.ended?.map(({ entry, atMs }) => [entry.podUid, atMs]);
  assert.deepEqual(ended(), [
    ["1", 1000],
    ["2", 2000],
  ]);
  hub.change("a", { put: [], ended: [{ key: "Pod/3", atMs: 1500 + identityLimits.endedKeptMs }] });
  assert.deepEqual(
    ended()?.map(([uid]) => uid),
    ["2", "3"],
  );
});
