import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { test } from "node:test";
import { array, assert as check, asyncProperty, constantFrom, integer, record, type Arbitrary } from "fast-check";
import { createAddressBook, type AddressBook } from "../../../core/directory/address-book.ts";
import { createIdentityHub } from "../../../core/directory/identity-hub.ts";
import { IdentitiesMessage, IdentityEntry, identityLimits } from "../../../model/identity-entry.ts";
import { IdentityFeed, feedLimits, type FeedReader } from "./identity-feed.ts";

function pod(index: number, more: Partial<IdentityEntry> = {}): IdentityEntry {
  return IdentityEntry.parse({
    key: `Pod/${index}`,
    kind: "pod",
    addresses: [`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`],
    namespace: "shop",
    workload: "web",
    workloadKind: "Deployment",
    pod: `web-${index}`,
    podUid: String(index),
    fromMs: 0,
    ...more,
  });
}

const pods = (count: number, from = 0) => Array.from({ length: count }, (_, index) => pod(from + index));

/** A reader that applies what it gets, and takes lines only as often as it is let. */
interface Reader extends FeedReader {
  readonly book: AddressBook;
  readonly messages: IdentitiesMessage[];
  isSlow: boolean;
}

function read(feed: IdentityFeed, cluster: string, isSlow = false): Reader {
  const book = createAddressBook({ createdMs: 0 });
  const messages: IdentitiesMessage[] = [];
  const reader: Reader = { book, messages, isSlow, drained: () => undefined, stop: () => undefined };
  const handle = feed.open(cluster, (line) => {
    const message = IdentitiesMessage.parse(JSON.parse(line));
    messages.push(message);
    book.apply(message, 1_000_000);
    return !reader.isSlow;
  });
  return Object.assign(reader, handle);
}

function world() {
  const hub = createIdentityHub();
  const feed = new IdentityFeed({ identities: hub, monotonicMs: () => performance.now(), coalesceMs: 5 });
  return { hub, feed, [Symbol.dispose]: () => feed.stop() };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 12_000) throw new Error(`never: ${what}`);
    await wait(5);
  }
}

test("a cluster without an inventory says so; when one appears its snapshot follows, and when it goes that too", async () => {
  using parts = world();
  const reader = read(parts.feed, "home");
  assert.equal(reader.book.state, "none");
  parts.hub.explain("home", "the first list is under way");
  assert.equal(reader.book.because, "the first list is under way");
  parts.hub.reset("home", { entries: [pod(1)], because: "" }, 1);
  await until("the entry arrives", () => reader.book.byPodUid("1") !== undefined);
  assert.equal(reader.book.because, "");
  parts.hub.forget("home");
  assert.equal(reader.book.state, "none");
});

test("only the agent's own cluster is told", async () => {
  using parts = world();
  parts.hub.reset("home", { entries: pods(3), because: "" }, 1);
  parts.hub.reset("other", { entries: pods(3, 100), because: "" }, 1);
  const reader = read(parts.feed, "home");
  parts.hub.change("other", { put: [pod(200)], ended: [] });
  parts.hub.change("home", { put: [pod(5)], ended: [] });
  await until("the change arrives", () => reader.book.byPodUid("5") !== undefined);
  assert.equal(reader.book.stats.living, 4);
});

test("ten thousand pods in messages of limited size, at the pace of each of many readers", async () => {
  using parts = world();
  parts.hub.reset("home", { entries: pods(10_000), because: "" }, 1);
  const readers = Array.from({ length: 30 }, (_, index) => read(parts.feed, "home", index % 2 === 1));
  const [fast, slow] = [readers[0], readers[1]];
  assert.equal(fast?.book.stats.living, 10_000);
  assert.equal(slow?.book.stats.living, identityLimits.entriesPerMessageMax, "one line until it drained");
  assert.equal(slow?.book.state, "arriving");
  parts.hub.change("home", { put: [pod(20_000)], ended: [{ key: "Pod/7", atMs: 5 }] });
  await wait(20);
  for (let round = 0; round < 25; round += 1) for (const reader of readers) reader.drained();
  for (const { book, messages } of readers) {
    assert.equal(book.stats.living, 10_000);
    assert.equal(book.state, "kept");
    assert.notEqual(book.byPodUid("20000"), undefined);
    assert.equal(messages.filter(({ first }) => first).length, 1);
    assert.ok(messages.every(({ put }) => put.length <= identityLimits.entriesPerMessageMax));
  }
});

test("changes of a moment go out together; a thing that begins and ends between is told as both", async () => {
  using parts = world();
  parts.hub.reset("home", { entries: [pod(1)], because: "" }, 1);
  const reader = read(parts.feed, "home");
  for (let index = 0; index < 50; index += 1)
    parts.hub.change("home", { put: [pod(1, { services: [`s${index}`] })], ended: [] });
  parts.hub.change("home", { put: [pod(2)], ended: [] });
  parts.hub.change("home", { put: [], ended: [{ key: "Pod/2", atMs: 999_999 }] });
  await until("the changes arrive", () => reader.messages.length > 1);
  assert.equal(reader.messages.length, 2);
  assert.deepEqual(reader.book.byPodUid("1")?.services, ["s49"]);
  assert.equal(reader.book.byPodUid("2")?.pod, "web-2");
  assert.equal(reader.book.stats.living, 1);
});

test("a reader that fell far behind begins anew instead of taking the backlog", async () => {
  using parts = world();
  parts.hub.reset("home", { entries: pods(10), because: "" }, 1);
  const reader = read(parts.feed, "home", true);
  const long = "x".repeat(20_000);
  for (let sent = 0, round = 0; sent < feedLimits.behindMax * 1.5; round += 1) {
    parts.hub.change("home", { put: pods(10).map((one) => ({ ...one, reason: `${round}${long}` })), ended: [] });
    sent += 10 * long.length;
    await wait(8);
  }
  parts.hub.change("home", { put: [], ended: [{ key: "Pod/3", atMs: 5 }] });
  await wait(20);
  for (let round = 0; round < 30; round += 1) reader.drained();
  assert.equal(reader.messages.filter(({ first }) => first).length, 2);
  assert.equal(reader.book.stats.living, 9);
});

test("nothing is told after the stop, and the next reader gets the newest", async () => {
  using parts = world();
  parts.hub.reset("home", { entries: pods(2), because: "" }, 1);
  const reader = read(parts.feed, "home");
  const count = reader.messages.length;
  reader.stop();
  parts.hub.change("home", { put: [pod(9)], ended: [] });
  await wait(20);
  reader.drained();
  assert.equal(reader.messages.length, count);
  assert.equal(read(parts.feed, "home").book.stats.living, 3);
});

test("a snapshot that is kept for the next reader is completed by the changes since", async () => {
  using parts = world();
  parts.hub.reset("home", { entries: pods(2), because: "" }, 1);
  read(parts.feed, "home");
  parts.hub.change("home", { put: [pod(9)], ended: [{ key: "Pod/0", atMs: 5 }] });
  await wait(20);
  const second = read(parts.feed, "home");
  assert.deepEqual([second.book.stats.living, second.book.byPodUid("9")?.pod], [2, "web-9"]);
  assert.equal(second.messages.length, 2, "the kept snapshot and one change");
});

/** Pods of a range that begin (in a new form each time) or end together. */
interface Step {
  readonly does: "put" | "end";
  readonly from: number;
  readonly count: number;
}

const step: Arbitrary<Step> = record({
  does: constantFrom("put", "end"),
  from: integer({ min: 0, max: 1500 }),
  count: integer({ min: 1, max: 1500 }),
});

test("whatever begins and ends within a moment, a reader ends with what lives", async () => {
  const begunAndEnded: Step[] = [
    { does: "put", from: 0, count: 1500 },
    { does: "end", from: 0, count: 700 },
    { does: "end", from: 1400, count: 100 },
  ];
  const property = asyncProperty(array(step, { minLength: 2, maxLength: 6 }), async (steps) => {
    using parts = world();
    parts.hub.reset("home", { entries: pods(200), because: "" }, 1);
    const reader = read(parts.feed, "home");
    for (const [round, { does, from, count }] of steps.entries()) {
      const range = pods(count, from).map((one) => ({ ...one, reason: String(round) }));
      if (does === "put") parts.hub.change("home", { put: range, ended: [] });
      else parts.hub.change("home", { put: [], ended: range.map(({ key }) => ({ key, atMs: 10 + round })) });
    }
    // The mark is of the same moment or a later one: once it is read, all is.
    parts.hub.explain("home", "all is told");
    await until("everything is told", () => reader.messages.at(-1)?.because === "all is told");
    const living = parts.hub.snapshot("home")?.entries ?? [];
    assert.equal(reader.book.stats.living, living.length);
    for (const { podUid, reason } of living) assert.equal(reader.book.byPodUid(podUid)?.reason, reason);
  });
  await check(property, { numRuns: 30, examples: [[begunAndEnded]] });
});

test("namespaces go apart from what older agents know, in snapshots and in changes", async () => {
  using parts = world();
  const namespace = (name: string, team: string) =>
    pod(0, { key: `Namespace/${name}`, kind: "namespace", addresses: [], namespace: name, labels: { team } });
  parts.hub.reset("home", { entries: [pod(1), namespace("shop", "blue")], because: "" }, 1);
  const reader = read(parts.feed, "home");
  parts.hub.change("home", { put: [pod(2), namespace("bank", "red")], ended: [] });
  await until("the change arrives", () => reader.book.byPodUid("2") !== undefined);
  for (const { put, namespaces } of reader.messages) {
    assert.ok(put.every(({ kind }) => kind !== "namespace"));
    assert.ok((namespaces ?? []).every(({ kind }) => kind === "namespace"));
  }
  const labels = [...reader.book.living()].flatMap(({ kind, labels: own }) => (kind === "namespace" ? [own] : []));
  assert.deepEqual(labels, [{ team: "blue" }, { team: "red" }]);
});
