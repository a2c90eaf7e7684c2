// An empty answer about a workload says when nothing of that name was seen, and what may have been meant: real processes, a small server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { nearWorkloads } from "./unseen-workload.ts";

const entry = path.resolve(import.meta.dirname, "../../../../bin/garrison.js");
const time = "2026-11-23T08:00:00.000Z";
const window = { since: time, until: time, partial: false, partialBecause: "", gaps: [] };
const drill = {
  cluster: "local",
  namespace: "host",
  kind: "SystemdUnit",
  name: "garrison-drill.service",
  service: "",
  nodes: ["n"],
  images: [],
  processes: 1,
  connections: 0,
  connectionsFailed: 0,
  dnsQuestions: 0,
  bytesSent: 0,
  bytesReceived: 0,
  firstSeen: time,
  lastSeen: time,
};

/** A server that has seen one workload, which did nothing: `asked` are the filters of its questions for workloads. */
async function server(t: TestContext) {
  const asked: string[] = [];
  const listening = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    const q = searchParams.get("q") ?? "";
    if (pathname.endsWith("/workloads")) asked.push(q);
    const rows = pathname.endsWith("/workloads") && (q === "" || q.includes("garrison-drill.service")) ? [drill] : [];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ rows, window, containers: [], omitted: 0 }));
  });
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  t.after(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return { url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`, asked };
}

async function garrison(url: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [entry, ...args, "--server", url, "--token", "x"], {
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const closed = once(child, "close");
  const err = await text(child.stderr);
  const [code] = (await closed) as [number];
  return { code, err };
}

test("events of a workload that was never seen: no failure, but said, with the names that are near", async (t) => {
  const { url } = await server(t);
  const { code, err } = await garrison(url, "events", "workload:host/garrison-drill");
  assert.equal(code, 0);
  assert.match(
    err,
    /no workload host\/garrison-drill was seen in this window: did you mean host\/garrison-drill\.service\?/,
  );
  const free = await garrison(url, "workloads", "host/nobody");
  assert.equal(free.code, 0);
  assert.match(free.err, /no workload host\/nobody was seen in this window: `garrison workloads` lists/);
});

test("one that was seen and did nothing of the kind is not called unknown", async (t) => {
  const { url, asked } = await server(t);
  const { err } = await garrison(url, "events", "workload:host/garrison-drill.service", "-ns:x", "last:2h");
  assert.doesNotMatch(err, /no workload/);
  assert.deepEqual(asked, ["workload:host/garrison-drill.service last:2h"]);
});

test("posture of a unit: agents tell containers only, and the way that works", async (t) => {
  const { url } = await server(t);
  const { code, err } = await garrison(url, "posture", "host/garrison-drill.service");
  assert.equal(code, 5);
  assert.match(err, /agents tell the layers of containers only, and host\/garrison-drill\.service is none/);
  assert.match(
    err,
    /posture --pid \$\(head -1 \$\(find \/sys\/fs\/cgroup -name garrison-drill\.service\)\/cgroup\.procs\)/,
  );
});

test("a sub-command with a slip is no text to look for", async (t) => {
  const { url } = await server(t);
  const { code, err } = await garrison(url, "detections", "shwo", "16rik-a1f00c41d3b2e001");
  assert.equal(code, 2);
  assert.match(err, /unknown command 'shwo' \(did you mean show\?\)/);
});

test("near names: the same elsewhere, then what begins so or holds it, then a slip; at most three", () => {
  const rows = ["web", "web-2", "my-web", "wed", "db"].map((name) => ({ namespace: "shop", name }));
  assert.deepEqual(nearWorkloads("host/web", rows), ["shop/web", "shop/web-2", "shop/my-web"]);
  assert.deepEqual(nearWorkloads("wbe", [{ namespace: "", name: "web" }]), ["web"]);
  assert.deepEqual(nearWorkloads("host/", rows), []);
});
