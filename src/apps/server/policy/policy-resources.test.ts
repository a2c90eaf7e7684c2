// Which resources count where: scopes, the narrower one wins, nodes' own; enforcement in force; and when the store is read again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../../base/clock.ts";
import type { Resources } from "../../../core/state/ports.ts";
import type { Resource } from "../../../model/resource.ts";
import { clustersNamed, countingIn, countingOn, enforcementIn, policyResourceBook } from "./policy-resources.ts";

function resource(kind: string, scope: string, name: string, spec: Record<string, unknown> = {}): Resource {
  const common = { apiVersion: "garrison/v1", generation: 1, author: "a", time: "2026-11-25T10:00:00.000Z" } as const;
  return { ...common, kind, scope, name, spec, deleted: false };
}

const policy = (scope: string, name: string) => resource("Policy", scope, name);
const shown = (resources: readonly Resource[]) => resources.map(({ scope, name }) => `${scope} ${name}`);

test("global ones, the cluster's and its nodes'; of one name the narrowest", () => {
  const all = [
    policy("global", "a"),
    policy("global", "b"),
    policy("cluster/c", "b"),
    policy("node/c/n2", "d"),
    policy("node/c/n1", "d"),
    policy("node/c/n1", "b"),
    policy("cluster/cc", "e"),
    policy("node/cc/n1", "f"),
  ];
  assert.deepEqual(shown(countingIn("c", all)), ["global a", "node/c/n1 b", "node/c/n1 d"]);
  assert.deepEqual(shown(countingOn("c", "n2", all)), ["global a", "cluster/c b", "node/c/n2 d"]);
  assert.deepEqual(shown(countingOn("c", "n3", all)), ["global a", "cluster/c b"]);
  assert.deepEqual(shown(countingIn("other", all)), ["global a", "global b"]);
});

test("enforcement: the narrowest scope decides, without one it is off", () => {
  const of = (scope: string, mode: string) => resource("Enforcement", scope, "default", { mode });
  const cases = [
    [[], { mode: "off", scope: "", exceptions: [] }],
    [[of("global", "preview")], { mode: "preview", scope: "global", exceptions: [] }],
    [
      [of("global", "preview"), of("cluster/c", "enforce"), of("node/c/n1", "off"), of("node/c/n2", "enforce")],
      { mode: "enforce", scope: "cluster/c", exceptions: [{ node: "n1", mode: "off" }] },
    ],
    [[of("cluster/other", "enforce")], { mode: "off", scope: "", exceptions: [] }],
  ] as const;
  for (const [resources, expected] of cases) assert.deepEqual(enforcementIn("c", resources), expected);
});

test("clusters are known by what is written for them", () => {
  const resources = {
    version: 1,
    policies: [policy("global", "a"), policy("cluster/c", "a")],
    enforcements: [],
    local: [policy("node/d/n", "x")],
  };
  assert.deepEqual([...clustersNamed(resources)].toSorted(), ["c", "d"]);
});

test("it is read when somebody told of a change, and after a while all the same; what is the same keeps its version", async () => {
  const clock = manualClock(0);
  const listeners = new Set<(resource: Resource) => void>();
  let policies = [policy("global", "a")];
  let reads = 0;
  const resources = {
    list: async (kind: string) => {
      if (kind !== "Policy") return [];
      reads += 1;
      return policies;
    },
    onChange: (listener: (resource: Resource) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as Resources;
  using book = policyResourceBook(resources, clock);
  const first = await book.read();
  assert.equal(await book.read(), first);
  assert.equal(reads, 1);
  for (const listener of listeners) listener(resource("Visibility", "global", "x"));
  await book.read();
  assert.equal(reads, 1, "another kind");
  policies = [...policies, policy("global", "b")];
  for (const listener of listeners) listener(policy("global", "b"));
  const second = await book.read();
  assert.deepEqual([reads, second.version, second.policies.length], [2, 2, 2]);
  clock.advance(60_000);
  assert.equal(await book.read(), second);
  assert.equal(reads, 3, "another server may have changed it");
});
