// The tools of the kernel tests are themselves tested: a star carries packets, probes tell open from refused from silent, all is gone afterwards.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { skipUnless } from "../skip.ts";
import { openListeners } from "./listeners.ts";
import { until } from "../agents-door.ts";
import { createNamespace, mayMakeNamespaces, runInNetns } from "./namespace.ts";
import { probeAll, type Probe } from "./probes.ts";
import { openStar } from "./star.ts";

const missing = "root in a kernel with network namespaces";

test("a star carries TCP and UDP over IPv4 and IPv6, between pods and from and to the router", async (context) => {
  if (!skipUnless(context, mayMakeNamespaces(), missing)) return;
  const before = readlinkSync("/proc/thread-self/ns/net");
  const star = openStar({
    pods: [
      { name: "a", addresses: ["10.1.0.2", "fd01::2"] },
      { name: "b", addresses: ["10.1.0.3", "fd01::3"] },
    ],
  });
  const a = star.pod("a");
  const b = star.pod("b");
  const listeners = await openListeners([
    { in: b, address: "0.0.0.0", port: 80, protocol: "tcp" },
    { in: b, address: "::", port: 80, protocol: "tcp" },
    { in: b, address: "0.0.0.0", port: 53, protocol: "udp" },
    { in: b, address: "::", port: 53, protocol: "udp" },
    { in: star.router, address: "10.255.255.254", port: 80, protocol: "tcp" },
  ]);
  const tcp = "tcp" as const;
  const udp = "udp" as const;
  const cases: readonly (readonly [Probe, string])[] = [
    [{ from: a, to: "10.1.0.3", port: 80, protocol: tcp }, "open"],
    [{ from: a, to: "fd01::3", port: 80, protocol: tcp }, "open"],
    [{ from: a, source: "10.1.0.2", sourcePort: 4000, to: "10.1.0.3", port: 53, protocol: udp }, "open"],
    [{ from: a, to: "fd01::3", port: 53, protocol: udp }, "open"],
    [{ from: a, to: "10.255.255.254", port: 80, protocol: tcp }, "open"],
    [{ from: star.router, to: "10.1.0.3", port: 80, protocol: tcp }, "open"],
    [{ from: star.router, to: "fd01::3", port: 80, protocol: tcp }, "open"],
    [{ from: a, to: "10.1.0.3", port: 81, protocol: tcp }, "refused"],
    [{ from: a, to: "10.1.0.3", port: 81, protocol: udp }, "refused"],
    [{ from: a, to: "10.9.9.9", port: 80, protocol: tcp }, "unreachable"],
  ];
  try {
    const outcomes = await probeAll(
      cases.map(([probe]) => probe),
      { timeoutMs: 30_000 },
    );
    assert.deepEqual(
      outcomes,
      cases.map(([, outcome]) => outcome),
    );
    // Whoever connects is told by the kernel, before the listener hears of it.
    await until("both connections", () => listeners.taken(0) >= 2);
    assert.equal(listeners.taken(0), 2);
    const c = star.addPod({ name: "c", addresses: ["10.1.0.4"] });
    const late: Probe = { from: c, to: "10.1.0.3", port: 80, protocol: tcp };
    assert.deepEqual(await probeAll([late], { timeoutMs: 30_000 }), ["open"]);
    star.router.sysctl("ipv4/ip_forward", "0");
    assert.deepEqual(await probeAll([late], { timeoutMs: 100 }), ["timeout"]);
  } finally {
    await listeners.close();
    star.close();
  }
  assert.equal(readlinkSync("/proc/thread-self/ns/net"), before);
});

test("a namespace can be found by a path, a child runs inside, and close takes the mount away", async (context) => {
  if (!skipUnless(context, mayMakeNamespaces(), missing)) return;
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-netns-"));
  const namespace = createNamespace("box");
  const file = namespace.mountIn(folder);
  const child = runInNetns(namespace, [process.execPath, "-e", "console.log(fs.readlinkSync('/proc/self/ns/net'))"]);
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await once(child, "close");
  assert.equal(
    text.trim(),
    namespace.inside(() => readlinkSync("/proc/thread-self/ns/net")),
  );
  namespace.sysctl("ipv4/ip_forward", "1");
  assert.equal(namespace.inside(() => readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8")).trim(), "1");
  namespace.close();
  assert.equal(existsSync(file), false);
  rmSync(folder, { recursive: true });
});
