// The agent as a whole, as a process of its own against a real TLS door: this machine's real processes and connections, kill -9, server loss.
import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { zstdDecompressSync } from "node:zlib";
import { openFakeDoor, type FakeDoor } from "../../../test/support/fake-door.ts";
import { inspectBlock } from "../../edge/blocks/inspect-block.ts";
import { decodeSpoolFile, decodeSpoolHead } from "../../edge/spool/spool-file.ts";
import { formatJoinToken } from "../../edge/trust/join-token.ts";
import { AgentConfig } from "./config.ts";
import { doorText, doorUrl, readJoinToken } from "./join-token.ts";
import { skipUnless } from "../../../test/support/skip.ts";

const program = join(import.meta.dirname, "agent-process.fixture.ts");

interface Scene {
  readonly root: string;
  readonly door: FakeDoor;
  start: (more?: object) => Promise<ChildProcess>;
}

async function scene(context: TestContext): Promise<Scene> {
  const root = mkdtempSync(join(tmpdir(), "garrison-agent-"));
  const door = await openFakeDoor({ folder: join(root, "pki") });
  const children: ChildProcess[] = [];
  context.after(async () => {
    for (const child of children) child.kill("SIGKILL");
    await door.stop();
    rmSync(root, { recursive: true, force: true });
  });
  return {
    root,
    door,
    start: async (more = {}) => {
      const config = {
        data: root,
        server: { address: door.url.host },
        join: { token: formatJoinToken(door.token) },
        ...more,
      };
      const child = spawn(process.execPath, [program, JSON.stringify(config)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      children.push(child);
      await once(child.stdout as NodeJS.ReadableStream, "data");
      return child;
    },
  };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `still waiting for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

/** The uncompressed bytes of a table's blocks as text: enough to look for words in them. */
function textOf(door: FakeDoor, table: string): string {
  return door.blocks
    .filter(({ header }) => header.table === table)
    .map(({ body }) => zstdDecompressSync(body).toString("latin1"))
    .join("\n");
}

function rowsOf(door: FakeDoor, table: string): number {
  return door.blocks.filter(({ header }) => header.table === table).reduce((sum, { header }) => sum + header.rows, 0);
}

for (const fidelity of ["auto", "notified", "polled"] as const) {
  test(`real processes and connections arrive as valid blocks (${fidelity})`, async (context) => {
    const isRoot = process.geteuid?.() === 0;
    if (!skipUnless(context, fidelity !== "notified" || isRoot, "root, to be notified by the kernel")) return;
    const { door, start } = await scene(context);
    const server = createServer((_, response) => response.end("ok"));
    await promisify((port: number, done: () => void) => server.listen(port, "127.0.0.1", done))(0);
    context.after(() => server.close());
    const child = await start({ sensor: { fidelity, pollMs: 100 } });
    await until(() => rowsOf(door, "process_events") > 3, "the processes that run already");
    // It lives until it was seen, by polling too.
    const marker = spawn("/bin/sleep", ["3600"], { argv0: "garrison-marker", stdio: "ignore" });
    context.after(() => marker.kill("SIGKILL"));
    const sockets = (server.address() as AddressInfo).port;
    const held = new AbortController();
    const answer = await fetch(`http://127.0.0.1:${sockets}/`, { signal: held.signal });
    await answer.text();
    await until(() => textOf(door, "process_events").includes("garrison-marker"), "the marker's arguments");
    marker.kill("SIGKILL");
    await until(() => textOf(door, "flows").includes("established"), "a flow");
    await until(() => (door.reports.at(-1)?.counters.rowsAcknowledged ?? 0) > 0, "a report that counts");
    await stop(child, "SIGTERM");
    for (const { header, body } of door.blocks) {
      const facts = inspectBlock(header.table, zstdDecompressSync(body));
      assert.deepEqual(
        [facts.rows, facts.timeMinMs, facts.timeMaxMs, facts.bytesInflated],
        [header.rows, header.timeMinMs, header.timeMaxMs, header.bytesInflated],
      );
    }
    const report = door.reports.at(-1);
    assert.ok(report !== undefined);
    assert.equal(report.fidelity === "kernel" ? report.fidelityBecause : "", "");
    if (fidelity !== "auto") assert.equal(report.fidelity, fidelity);
    if (report.fidelity === "polled") assert.notEqual(report.fidelityBecause, "");
  });
}

test("secrets in arguments are in no block, no spool file and no report", async (context) => {
  const { root, door, start } = await scene(context);
  const child = await start({ sensor: { pollMs: 100 } });
  await until(() => rowsOf(door, "process_events") > 3, "the first rows");
  const running = spawn(
    "/bin/sh",
    ["-c", "read line", "x", "--password=hunter2Hunter2", "https://me:s3cretS3cret@example.com/"],
    { stdio: ["pipe", "ignore", "ignore"] },
  );
  await door.stop();
  const spool = join(root, "agent", "spool");
  let waiting: readonly string[] = [];
  let bodies: readonly string[] = [];
  await until(() => {
    waiting = readdirSync(spool).filter((name) => name.endsWith(".block"));
    const files = waiting.map((name) => decodeSpoolFile(readFileSync(join(spool, name))));
    bodies = files.flatMap((file) => ("body" in file ? [zstdDecompressSync(file.body).toString("latin1")] : []));
    const told = [textOf(door, "process_events"), ...bodies];
    return waiting.length > 0 && told.some((text) => text.includes("redacted:"));
  }, "the redacted arguments, and blocks that wait in the spool while the server is away");
  running.stdin.end();
  assert.equal(bodies.length, waiting.length);
  const spooled = bodies.join("\n");
  await door.start();
  await until(() => textOf(door, "process_events").includes("redacted:"), "the redacted arguments");
  await stop(child, "SIGTERM");
  for (const secret of ["hunter2Hunter2", "s3cretS3cret"]) {
    assert.ok(!textOf(door, "process_events").includes(secret));
    assert.ok(!spooled.includes(secret));
    assert.ok(!JSON.stringify(door.reports).includes(secret));
  }
});

test("killed with -9: what was spooled arrives once, and the next start says for how long nobody looked", async (context) => {
  const { root, door, start } = await scene(context);
  const first = await start();
  await until(() => rowsOf(door, "process_events") > 3, "the first rows");
  await door.stop();
  execFileSync("/bin/true");
  const spool = join(root, "agent", "spool");
  await until(() => readdirSync(spool).some((name) => name.endsWith(".block")), "a block in the spool");
  const boot = door.blocks[0]?.header.boot;
  await stop(first, "SIGKILL");
  const heartbeat = () => readFileSync(join(root, "agent", "heartbeat.json"), "utf8");
  const last = heartbeat();
  const short = await start({ join: {} });
  await until(() => heartbeat() !== last, "the heartbeat of a life that is over at once");
  await stop(short, "SIGKILL");
  const names = readdirSync(spool).filter((name) => name.endsWith(".block"));
  const tables = names.map((name) => decodeSpoolHead(readFileSync(join(spool, name))));
  assert.ok(
    tables.some((head) => "header" in head && head.header.table === "gaps"),
    "the gap was spooled before the heartbeat that ends it",
  );
  const waiting = names.length;
  const before = door.blocks.length;
  await door.start();
  const second = await start({ join: {} });
  await until(() => door.blocks.length >= before + waiting, "the spooled blocks");
  await until(() => textOf(door, "gaps").includes("agent-down"), "the gap");
  await stop(second, "SIGTERM");
  const keys = door.blocks.map(({ header }) => `${header.boot} ${header.sequence}`);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(new Set(door.blocks.map(({ header }) => header.boot)).size, 3);
  assert.ok(door.blocks.some(({ header }) => header.boot === boot));
  assert.equal(door.joins.length, 1);
});

test("the join token comes from the configuration or a file, and must be for the cluster", async (context) => {
  const { root, door } = await scene(context);
  const text = formatJoinToken(door.token);
  writeFileSync(join(root, "token"), `${text}\n`);
  assert.deepEqual(await readJoinToken({ cluster: "", join: { token: text, tokenFile: "" } }), door.token);
  assert.deepEqual(
    await readJoinToken({ cluster: "test", join: { token: "", tokenFile: join(root, "token") } }),
    door.token,
  );
  assert.equal(await readJoinToken({ cluster: "test", join: { token: "", tokenFile: "" } }), undefined);
  await assert.rejects(readJoinToken({ cluster: "other", join: { token: text, tokenFile: "" } }), {
    code: "agent/other-cluster",
  });
  await assert.rejects(readJoinToken({ cluster: "", join: { token: "", tokenFile: join(root, "none") } }), {
    code: "agent/token-file",
  });
});

test("addresses and settings are checked at the door", () => {
  const addresses = [
    ["127.0.0.1:8687", "127.0.0.1:8687"],
    ["https://[::1]:9000", "[::1]:9000"],
    ["localhost", "localhost:8687"],
    ["https://garrison.example/", "garrison.example:8687"],
    ["[::1]", "[::1]:8687"],
    ["garrison.example:443", "garrison.example:443"],
    ["https://garrison.example:443/", "garrison.example:443"],
  ] as const;
  for (const [address, expected] of addresses) assert.equal(doorText(doorUrl(address)), expected, address);
  for (const bad of ["", "x?y:1", "x#y:1", "u:1@x", "http://x:1", "x:y", "https://x/path", "ftp://x"])
    assert.throws(() => doorUrl(bad), { code: "agent/server-address" }, bad);
  assert.equal(AgentConfig.parse({ data: "/x" }).node, "local");
  assert.throws(() => AgentConfig.parse({ data: "/x", sensor: { ringBytes: 1_000_000 } }), /power of two/);
});
