// `garrison status --wait` as a process: it ends when Garrison is ready, not when nothing was ever lost; the exit code says how well it is.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";

const entry = path.resolve(import.meta.dirname, "../../../../bin/garrison.js");

interface Said {
  readonly state: "ok" | "degraded" | "down";
  readonly ready: boolean;
  readonly notice?: string;
}

/** Runs `garrison status` against a server that says one thing after the other, the last one for ever. */
async function statusAgainst(says: readonly Said[], words: readonly string[]) {
  let asked = 0;
  const server = createServer((_, response) => {
    const { state, ready, notice = "" } = says[Math.min(asked, says.length - 1)] ?? assert.fail("nothing to say");
    asked += 1;
    const time = "2026-11-23T08:00:00.000Z";
    const store = { kind: "embedded", engine: "x", diskFreeBytes: 1, diskTotalBytes: 2, tables: [] };
    const ingest = { rows: 0, blocks: 0, duplicates: 0, refusedByCode: {}, spoolBlocks: 0, spoolBytes: 0 };
    const notices = notice === "" ? [] : [notice];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ version: "1", state, ready, time, parts: [], notices, nodes: [], store, ingest }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const data = await mkdtemp(path.join(os.tmpdir(), "garrison-status-"));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const env = { ...process.env, GARRISON_DATA: data, NO_COLOR: "1" };
    const given = [entry, "status", "--server", url, "--token", "secret", ...words];
    return await new Promise<{ code: unknown; out: string; err: string; asked: number }>((resolve) => {
      execFile(process.execPath, given, { env }, (error, out, err) =>
        resolve({ code: error === null ? 0 : error.code, out, err, asked }),
      );
    });
  } finally {
    server.closeAllConnections();
    server.close();
    await rm(data, { recursive: true });
  }
}

const lost =
  "agent: agent local lost 278,723 of 526,303 events in the last hour: ring-full (tcp-open 278,723); see gaps";

test("what was lost is said and is exit code 7", async () => {
  const { code, out } = await statusAgainst([{ state: "degraded", ready: true, notice: lost }], []);
  assert.equal(code, 7);
  assert.ok(out.includes(`note ${lost}`), out);
});

test("--wait ends when it is ready, with losses and in polled mode too", async () => {
  const starting: Said = { state: "degraded", ready: false };
  const well = await statusAgainst([starting, starting, { state: "ok", ready: true }], ["--wait"]);
  assert.deepEqual([well.code, well.asked], [0, 3], well.err);
  const polled = await statusAgainst([starting, { state: "degraded", ready: true, notice: "a: no BPF" }], ["--wait"]);
  assert.deepEqual([polled.code, polled.asked], [7, 2], polled.err);
  assert.match(polled.out, /note a: no BPF/);
});

test("--wait gives up with the reason when it is never ready", async () => {
  const notice = "agent: no agent has joined";
  const never = await statusAgainst([{ state: "degraded", ready: false, notice }], ["--wait", "--wait-seconds", "0.1"]);
  assert.match(never.err, /cli\/timeout.*not ready after 0.1 s: agent: no agent has joined/);
  assert.notEqual(never.code, 0);
});
