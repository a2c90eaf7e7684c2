import assert from "node:assert/strict";
import { test } from "node:test";
import { IdentityEntry } from "../../model/identity-entry.ts";
import { createAddressBook } from "./address-book.ts";
import { createLabelShare } from "./label-share.ts";

const entry = (key: string, labels?: Record<string, string>) =>
  IdentityEntry.parse({
    key,
    kind: "pod",
    addresses: [],
    namespace: "shop",
    workload: "web",
    workloadKind: "Pod",
    podUid: key,
    fromMs: 0,
    ...(labels === undefined ? {} : { labels }),
  });

test("equal labels become one object; entries without labels stay as they are", () => {
  const share = createLabelShare();
  const bare = entry("a");
  assert.equal(share.shared(bare), bare);
  const first = share.shared(entry("a", { app: "web" }));
  const second = share.shared(entry("b", { app: "web" }));
  assert.equal(first.labels, second.labels);
  assert.equal(second.key, "b");
  assert.notEqual(share.shared(entry("c", { app: "db" })).labels, first.labels);
});

test("the book says everything that lives, namespaces too, and unchanged entries stay the same object", () => {
  const book = createAddressBook({ createdMs: 0 });
  const message = { type: "identities" as const, inventory: "kept" as const, because: "", ended: [] };
  const namespace = IdentityEntry.parse({ ...entry("Namespace/shop", { team: "a" }), kind: "namespace" });
  book.apply(
    { ...message, first: true, last: true, put: [entry("Pod/1", { app: "web" })], namespaces: [namespace] },
    1,
  );
  const before = new Map([...book.living()].map((one) => [one.key, one]));
  assert.deepEqual([...before.keys()].sort(), ["Namespace/shop", "Pod/1"]);
  book.apply(
    {
      ...message,
      first: false,
      last: false,
      put: [entry("Pod/2", { app: "web" })],
      ended: [{ key: "Namespace/shop", atMs: 2 }],
    },
    2,
  );
  const after = new Map([...book.living()].map((one) => [one.key, one]));
  assert.deepEqual([...after.keys()].sort(), ["Pod/1", "Pod/2"]);
  assert.equal(after.get("Pod/1"), before.get("Pod/1"));
  assert.equal(after.get("Pod/2")?.labels, before.get("Pod/1")?.labels);
});
