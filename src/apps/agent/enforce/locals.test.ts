// Namespaces of this machine as endpoints: whose an address is, and that nobody leaves its policies by what it does to its own addresses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { LocalEndpoint } from "../../../model/local-endpoint.ts";
import type { LocalIntent } from "./intent.ts";
import { createLocals, type LinkLook } from "./locals.ts";

function intentOf(name: string, addresses: readonly string[] = []): LocalIntent {
  const spec = LocalEndpoint.parse({ netns: name, name, namespace: "shop", addresses });
  const kept = { scope: "node/local/n1", name, generation: 1, spec, deleted: false };
  return {
    resource: { ...kept, kind: "LocalEndpoint" } as unknown as LocalIntent["resource"],
    spec,
    endpoint: `pod/shop/${name}`,
  };
}

/** Links "to-NAME" that lead to a /24 each, but for those of `shared`, which hang on br0. */
function linksOf(shared: readonly string[] = []): LinkLook {
  const nets = new Map([
    ["10.88.1", "to-web"],
    ["10.88.3", "to-job"],
    ["10.99.0", "br0"],
  ]);
  return {
    shared: [{ name: "br0", prefixes: ["10.99.0.0/24"] }],
    towards: (address) => nets.get(address.split(".").slice(0, 3).join(".")) ?? "",
    linkTo: (file) =>
      shared.includes(file) ? { name: "br0", isShared: true } : { name: `to-${file}`, isShared: false },
  };
}

function scene(has: Record<string, readonly string[]>, links: LinkLook | undefined) {
  const locals = createLocals({
    fileOf: (name) => name,
    addressesIn: (file) => has[file] ?? [],
    ...(links === undefined ? {} : { links: () => links }),
  });
  return (intents: readonly LocalIntent[]) => {
    const { found, refused } = locals(intents);
    const places = found.map(({ endpoint, addresses, interfaceName }) => [
      endpoint.slice(9),
      interfaceName,
      ...addresses,
    ]);
    return { places, refused: [...refused].map(([endpoint, because]) => `${endpoint.slice(9)}: ${because}`) };
  };
}

test("an address is whose link the node reaches it by, whoever came first; the other one stays under its policies", () => {
  const has = { job: ["10.88.3.2", "10.88.1.2", "203.0.113.9"], web: ["10.88.1.2"] };
  const { places, refused } = scene(has, linksOf())([intentOf("job", ["10.88.3.2"]), intentOf("web")]);
  assert.deepEqual(places, [
    ["job", "to-job", "10.88.3.2"],
    ["web", "to-web", "10.88.1.2"],
  ]);
  assert.equal(refused.length, 1);
  assert.match(
    refused[0] ?? "",
    /^job: its network namespace has the address 10\.88\.1\.2, which does not count: it is shop\/web's$/,
  );
});

test("behind a shared link the entry decides, then who had it; without links, too", () => {
  for (const links of [linksOf(["old", "thief", "named"]), undefined]) {
    const has: Record<string, readonly string[]> = { old: ["10.99.0.2"], thief: ["10.99.0.3"], named: ["10.99.0.4"] };
    const look = scene(has, links);
    const intents = [intentOf("thief"), intentOf("old"), intentOf("named", ["10.99.0.4"])];
    assert.deepEqual(look(intents).refused, []);
    has["thief"] = ["10.99.0.3", "10.99.0.2", "10.99.0.4"];
    const { places, refused } = look(intents);
    assert.deepEqual(places, [
      ["thief", "", "10.99.0.3"],
      ["old", "", "10.99.0.2"],
      ["named", "", "10.99.0.4"],
    ]);
    assert.match(refused.join(), /^thief: .* 10\.99\.0\.2, which does not count: it is shop\/old's$/);
  }
});

test("who takes away its own address is refused in words and keeps its link; an entry that was never right counts for nothing without one", () => {
  const links = linksOf();
  const kept = scene({ job: ["10.88.3.77"] }, links)([intentOf("job", ["10.88.3.2"])]);
  assert.deepEqual(kept.places, [["job", "to-job", "10.88.3.77"]]);
  assert.match(kept.refused.join(), /names the address 10\.88\.3\.2, which its network namespace does not have/);
  assert.deepEqual(scene({ job: [] }, links)([intentOf("job")]).places, [["job", "to-job"]]);
  const without = scene({ job: ["10.88.3.77"] }, undefined)([intentOf("job", ["10.88.3.2"])]);
  assert.deepEqual(without.places, []);
  assert.equal(without.refused.length, 1);
});
