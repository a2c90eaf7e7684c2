// Namespaces of this machine and probes inside them, on real links without any rules.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mayMakeNamespaces } from "../../../../test/support/netns/namespace.ts";
import { openListeners } from "../../../../test/support/netns/listeners.ts";
import { openStar } from "../../../../test/support/netns/star.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { addressesIn, interfacesByAddress, namespaceFile } from "./namespaces.ts";
import { tryProbes } from "./probe.ts";

const pods = [
  { name: "web", addresses: ["10.61.0.1", "fd61::1"] },
  { name: "db", addresses: ["10.61.0.2", "fd61::2"] },
];

test("a namespace says its addresses, and the node which link leads to each", (context) => {
  if (!skipUnless(context, mayMakeNamespaces(), "MISSING root: network namespaces cannot be made")) return;
  const star = openStar({ pods });
  try {
    assert.deepEqual(addressesIn(star.pod("web").path), ["10.61.0.1", "fd61::1"]);
    const links = interfacesByAddress(star.router.path);
    for (const { name, addresses } of pods)
      for (const address of addresses) assert.equal(links.get(address), star.linkOf(name), address);
    assert.equal(links.get("10.61.0.9"), undefined);
    assert.equal(interfacesByAddress(star.pod("web").path).get("10.61.0.2"), undefined);
  } finally {
    star.close();
  }
});

test("probes tell open, refused, silent and unreachable apart, and say their source ports", async (context) => {
  if (!skipUnless(context, mayMakeNamespaces(), "MISSING root: network namespaces cannot be made")) return;
  const star = openStar({ pods });
  const listeners = await openListeners([
    { in: star.pod("db"), address: "0.0.0.0", port: 5432, protocol: "tcp" },
    { in: star.pod("db"), address: "::", port: 5353, protocol: "udp" },
  ]);
  try {
    const base = {
      netns: star.pod("web").path,
      source: "",
      address: "10.61.0.2",
      protocol: "tcp",
      port: 5432,
    } as const;
    const ports = new Map<number, number>();
    const results = await tryProbes(
      [
        { ...base, source: "10.61.0.1" },
        { ...base, port: 1 },
        { ...base, address: "fd61::2", protocol: "udp", port: 5353 },
        { ...base, protocol: "udp", port: 2 },
        { ...base, netns: "/run/netns/there-is-none" },
        { ...base, source: "10.61.0.77" },
      ],
      { timeoutMs: 30_000, onStarted: (index, port) => ports.set(index, port) },
    );
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ["open", "refused", "open", "refused", "failed", "unreachable"],
    );
    assert.ok((ports.get(0) ?? 0) > 0);
  } finally {
    await listeners.close();
    star.close();
  }
});

test("only names of `ip netns` are looked for", () => {
  for (const name of ["../etc/passwd", "", "a/b", "-x", "surely-there-is-no-such-one"])
    assert.equal(namespaceFile(name), undefined, name);
});
