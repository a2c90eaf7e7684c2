// The book of names: whatever is learned, kept, retargeted and ended, its changes lead the kernel's sets to what it says should be there.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { DnsClient, DomainSet } from "./domain-set.ts";
import { createNameBook, type FillChange, type NameBook } from "./name-book.ts";
import { createSharing, sharingLimits } from "./sharing.ts";

const web: DnsClient = { id: "pod/shop/web", addresses: ["10.0.0.1", "fd00::1"] };
const db: DnsClient = { id: "pod/shop/db", addresses: ["10.0.0.2"] };
const setOf = (name: string): DomainSet => ({ set4: `${name}4`, set6: `${name}6`, names: [], clients: [] });
const [a, b] = [setOf("a"), setOf("b")];

function bookOf(
  limits: { addressesPerNameMax?: number; namesPerClientMax?: number; pairsMax?: number } = {},
): NameBook {
  return createNameBook(() => ({ addressesPerNameMax: 50, namesPerClientMax: 500, ...limits }));
}

/** Sets as the kernel would have them. */
function kernel() {
  const ends = new Map<string, number>();
  return {
    take(change: FillChange, nowMs: number) {
      for (const { set, elements } of change.remove) {
        for (const { key } of elements) ends.delete(`${set} ${key.map(String).join(" ")}`);
      }
      for (const { set, elements } of change.add) {
        for (const { key, timeoutMs } of elements)
          ends.set(`${set} ${key.map(String).join(" ")}`, nowMs + (timeoutMs ?? Number.NaN));
      }
    },
    at(nowMs: number) {
      return Object.fromEntries([...ends].filter(([, endMs]) => endMs > nowMs));
    },
  };
}

test("an answer becomes elements of the client's addresses of that family, one per set", () => {
  const book = bookOf();
  const change = book.learn(
    { client: web, name: "x.example", sets: [a, b], addresses: ["192.0.2.1", "2001:db8::1"], lifeMs: 5000 },
    0,
  );
  assert.deepEqual(change, {
    add: [
      { set: "a4", elements: [{ key: ["10.0.0.1", "192.0.2.1"], timeoutMs: 5000 }] },
      { set: "b4", elements: [{ key: ["10.0.0.1", "192.0.2.1"], timeoutMs: 5000 }] },
      { set: "a6", elements: [{ key: ["fd00::1", "2001:db8::1"], timeoutMs: 5000 }] },
      { set: "b6", elements: [{ key: ["fd00::1", "2001:db8::1"], timeoutMs: 5000 }] },
    ],
    remove: [],
  });
  assert.deepEqual(book.learn({ client: db, name: "x.example", sets: [a], addresses: ["2001:db8::1"], lifeMs: 1 }, 0), {
    add: [],
    remove: [],
  });
});

test("a shorter answer takes nothing back; a kept address is pushed out last", () => {
  const book = bookOf({ addressesPerNameMax: 2 });
  const learn = (addresses: string[], lifeMs = 5000, nowMs = 0) =>
    book.learn({ client: db, name: "x.example", sets: [a], addresses, lifeMs }, nowMs);
  learn(["192.0.2.1"], 9000);
  assert.equal(learn(["192.0.2.1"], 1000)?.add[0]?.elements[0]?.timeoutMs, 9000);
  learn(["192.0.2.2"]);
  book.keep([{ client: db, address: "192.0.2.1" }], 6000, 100);
  const change = learn(["192.0.2.3"]);
  assert.deepEqual(change?.remove, [{ set: "a4", elements: [{ key: ["10.0.0.2", "192.0.2.2"] }] }]);
  assert.deepEqual([book.stats.addressesEvicted, book.stats.pairs], [1, 2]);
});

test("the name that was asked longest ago leaves; an address of another name stays", () => {
  const book = bookOf({ namesPerClientMax: 2 });
  const learn = (name: string, addresses: string[]) =>
    book.learn({ client: db, name, sets: [a], addresses, lifeMs: 5000 }, 0);
  learn("one", ["192.0.2.1", "192.0.2.9"]);
  learn("two", ["192.0.2.9"]);
  const change = learn("three", ["192.0.2.3"]);
  assert.deepEqual(change?.remove, [{ set: "a4", elements: [{ key: ["10.0.0.2", "192.0.2.1"] }] }]);
  assert.deepEqual(book.namesOf(db.id, "192.0.2.9"), ["two"]);
  assert.equal(book.stats.namesEvicted, 1);
});

test("a full book refuses what cannot fit, and the client's own older names make room", () => {
  const book = bookOf({ pairsMax: 3 });
  const learn = (client: DnsClient, name: string, count: number) =>
    book.learn(
      { client, name, sets: [a], addresses: Array.from({ length: count }, (_, i) => `192.0.2.${i}`), lifeMs: 5000 },
      0,
    );
  assert.ok(learn(web, "one", 2));
  assert.equal(learn(db, "one", 2), undefined);
  assert.equal(book.stats.pairs, 2);
  assert.ok(learn(web, "two", 3));
  assert.deepEqual([book.stats.pairs, book.stats.namesEvicted], [3, 1]);
});

test("a client that is gone, or has another address, leaves nothing to whoever has its address next", () => {
  const book = bookOf();
  book.learn({ client: db, name: "x.example", sets: [a], addresses: ["192.0.2.1"], lifeMs: 5000 }, 0);
  const moved: DnsClient = { id: db.id, addresses: ["10.0.0.7"] };
  assert.deepEqual(book.retarget({ clientOf: () => moved, setsOf: () => [a] }, 1000), {
    remove: [{ set: "a4", elements: [{ key: ["10.0.0.2", "192.0.2.1"] }] }],
    add: [{ set: "a4", elements: [{ key: ["10.0.0.7", "192.0.2.1"], timeoutMs: 4000 }] }],
  });
  assert.deepEqual(book.retarget({ clientOf: () => undefined, setsOf: () => [a] }, 1000), {
    remove: [{ set: "a4", elements: [{ key: ["10.0.0.7", "192.0.2.1"] }] }],
    add: [],
  });
  assert.deepEqual([book.stats.pairs, book.stats.names], [0, 0]);
});

test("a policy's new set is filled from answers that still hold", () => {
  const book = bookOf();
  book.learn({ client: db, name: "x.example", sets: [a], addresses: ["192.0.2.1"], lifeMs: 5000 }, 0);
  assert.deepEqual(book.retarget({ clientOf: () => db, setsOf: () => [b] }, 2000), {
    remove: [{ set: "a4", elements: [{ key: ["10.0.0.2", "192.0.2.1"] }] }],
    add: [{ set: "b4", elements: [{ key: ["10.0.0.2", "192.0.2.1"], timeoutMs: 3000 }] }],
  });
});

test("after any history the kernel has what the book says, within its limits", () => {
  const learn = fc.record({
    do: fc.constant("learn" as const),
    client: fc.constantFrom(web, db),
    name: fc.constantFrom("n1", "n2", "n3", "n4"),
    addresses: fc.uniqueArray(fc.constantFrom("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "2001:db8::1"), {
      maxLength: 4,
    }),
    lifeMs: fc.integer({ min: 1, max: 100 }),
  });
  const step = fc.oneof(
    { arbitrary: learn, weight: 6 },
    fc.record({ do: fc.constant("keep" as const), lifeMs: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 60 }) }),
    fc.record({
      do: fc.constant("retarget" as const),
      there: fc.subarray([web.id, db.id]),
      dbAddress: fc.constantFrom("10.0.0.2", "10.0.0.3"),
      mine: fc.record({
        n1: fc.subarray([a, b]),
        n2: fc.subarray([a, b]),
        n3: fc.subarray([a, b]),
        n4: fc.subarray([a, b]),
      }),
    }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const book = bookOf({ addressesPerNameMax: 3, namesPerClientMax: 3, pairsMax: 12 });
      const sets = kernel();
      let nowMs = 0;
      let mine: Record<string, DomainSet[]> = { n1: [a], n2: [b], n3: [a, b], n4: [a] };
      let clients = new Map([web, db].map((client) => [client.id, client]));
      for (const one of steps) {
        if (one.do === "learn") {
          const client = clients.get(one.client.id);
          const owned = mine[one.name] ?? [];
          if (client === undefined || owned.length === 0 || one.addresses.length === 0) continue;
          const change = book.learn(
            { client, name: one.name, sets: owned, addresses: one.addresses, lifeMs: one.lifeMs },
            nowMs,
          );
          if (change !== undefined) sets.take(change, nowMs);
        } else if (one.do === "keep") {
          sets.take({ add: book.keep(book.due(nowMs, 30), one.lifeMs, nowMs), remove: [] }, nowMs);
        } else if (one.do === "wait") {
          nowMs += one.ms;
          book.expire(nowMs);
        } else {
          mine = { ...one.mine };
          const movedDb: DnsClient = { id: db.id, addresses: [one.dbAddress] };
          clients = new Map(
            [web, movedDb].filter(({ id }) => one.there.includes(id)).map((client) => [client.id, client]),
          );
          sets.take(
            book.retarget({ clientOf: (id) => clients.get(id), setsOf: (_, name) => mine[name] ?? [] }, nowMs),
            nowMs,
          );
        }
        const wanted = kernel();
        wanted.take({ add: book.all(nowMs), remove: [] }, nowMs);
        assert.deepEqual(sets.at(nowMs), wanted.at(nowMs), JSON.stringify(one));
        assert.ok(book.stats.pairs <= 12 && book.stats.names <= 6);
      }
    }),
    { numRuns: 500 },
  );
});

test("sharing: who else is at an address, bounded", () => {
  const sharing = createSharing(2);
  sharing.learn("b.example", ["192.0.2.1"], 100);
  sharing.learn("a.example", ["192.0.2.1", "192.0.2.2"], 200);
  assert.deepEqual(sharing.namesOf("192.0.2.1", 0), ["a.example", "b.example"]);
  assert.deepEqual(sharing.namesOf("192.0.2.1", 150), ["a.example"]);
  sharing.learn("c.example", ["192.0.2.3"], 100);
  assert.deepEqual([sharing.size, sharing.namesOf("192.0.2.1", 0).length], [2, 0]);
  for (let index = 0; index < 40; index += 1) sharing.learn(`n${index}.example`, ["192.0.2.3"], 100);
  assert.equal(sharing.namesOf("192.0.2.3", 0).length, sharingLimits.namesPerAddressMax);
});
