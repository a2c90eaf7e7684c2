// A gateway that is killed or hangs: the port is open or closed as the policy says, at once; what it leaves behind is taken over, and all goes in the end.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import type { NetworkNamespace } from "../../../../test/support/netns/namespace.ts";
import { securityWords, type TransparentNotice } from "./notices.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { app4, app6, client4, dial, exchange, get, knock, openWorld, serveIn } from "./rig.fixture.ts";

interface Gateway extends ChildProcess {
  /** All that it said so far. */
  readonly said: { text: string };
}

interface World {
  readonly app: NetworkNamespace;
  readonly client: NetworkNamespace;
  /** Where gateways and their watchdogs leave word. */
  readonly folder: string;
  gateway(onDown: "open" | "closed"): Promise<Gateway>;
}

const tools = ["ip", "nft"].every((name) => spawnSync(name, ["-V"]).status === 0);

async function openDeathWorld(context: TestContext): Promise<World | undefined> {
  if (!skipUnless(context, tools, "ip (iproute2) and nft (nftables), to look at what is left behind")) return undefined;
  const star = openWorld(context);
  if (star === undefined) return undefined;
  context.after(() => star.close());
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-waf-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const app = star.pod("app");
  serveIn(
    context,
    app,
    8080,
    createHttpServer((request, response) => {
      response.end(`peer ${request.socket.remoteAddress?.replace("::ffff:", "")} ${request.url}`);
    }),
  );
  return {
    app,
    folder,
    client: star.pod("client"),
    gateway: async (onDown) => {
      const file = path.join(import.meta.dirname, "gateway.fixture.ts");
      const argv = [file, app.path, "8080", onDown, folder];
      const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
      context.after(() => child.kill("SIGKILL"));
      const said = { text: "" };
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        said.text += chunk;
      });
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
        said.text += chunk;
      });
      assert.ok(Number.isFinite(await until(async () => said.text.includes("ready\n"))), said.text);
      return Object.assign(child, { said });
    },
  };
}

/** Milliseconds until `isSo`, at most a minute. */
async function until(isSo: () => Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < 60_000) {
    if (await isSo()) return performance.now() - began;
    await delay(5);
  }
  return Number.POSITIVE_INFINITY;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

const works = async (world: World, to: string): Promise<boolean> => {
  try {
    return (await exchange(await dial(world.client, to, 8080), get("/works"))).startsWith("HTTP/1.1 200");
  } catch {
    return false;
  }
};

/** What is there of transparent mode in the namespace. */
function leftIn(app: NetworkNamespace): string {
  const run = (program: string, ...argv: string[]): string =>
    app.inside(() => execFileSync(program, argv, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  const settings = ["ipv4/tcp_fwmark_accept", "ipv4/fwmark_reflect", "ipv6/fwmark_reflect"].map((name) =>
    app.inside(() => readFileSync(`/proc/sys/net/${name}`, "latin1").trim()),
  );
  const rules = [run("ip", "rule"), run("ip", "-6", "rule")]
    .join("")
    .split("\n")
    .filter((line) => /4757|0x/.test(line));
  const routes = ["-4", "-6"].map((family) => {
    try {
      return run("ip", family, "route", "show", "table", "4757").trim();
    } catch {
      return "";
    }
  });
  return JSON.stringify({ settings, rules, routes, tables: run("nft", "list", "tables").trim() });
}

test("killed, with fail mode open: clients reach the application at once, and a new gateway takes over and leaves nothing", async (context) => {
  const world = await openDeathWorld(context);
  if (world === undefined) return;
  const before = leftIn(world.app);
  const child = await world.gateway("open");
  assert.ok(await works(world, app4));
  await kill(child);
  for (const to of [app4, app6]) {
    const ms = await until(() => works(world, to));
    context.diagnostic(`open again for ${to} after ${ms.toFixed(0)} ms`);
    assert.ok(Number.isFinite(ms), "open again");
  }
  assert.ok(
    Number.isFinite(await until(async () => child.said.text.includes("the WAF gateway is gone"))),
    "the watchdog says so",
  );
  const next = await world.gateway("open");
  const notices = next.said.text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as TransparentNotice);
  const downs = notices.filter((notice) => notice.what === "down");
  assert.deepEqual(
    downs.map(({ how, label, ports }) => [how, label, ports]),
    // Once by the watchdog's word, with its time; once by the table that was left, with its counters.
    Array.from({ length: 2 }, () => ["gone", "netns app", [{ port: 8080, onDown: "open" }]]),
  );
  assert.ok((downs[1]?.figures[0]?.passedWhileDown ?? 0) >= 2, JSON.stringify(downs));
  const [words] = downs.map(securityWords);
  assert.deepEqual([words?.severity, words?.rule], ["high", "waf-gateway-down"]);
  assert.match(await exchange(await dial(world.client, app4, 8080), get("/next")), new RegExp(`peer ${client4} /next`));
  const gone = once(next, "exit");
  next.kill("SIGTERM");
  await gone;
  assert.equal(leftIn(world.app), before);
  assert.deepEqual(readdirSync(world.folder), []);
  assert.ok(await works(world, app4));
});

test("killed, with fail mode closed: nothing passes until a gateway is there again", async (context) => {
  const world = await openDeathWorld(context);
  if (world === undefined) return;
  const child = await world.gateway("closed");
  assert.ok(await works(world, app4));
  await kill(child);
  const ms = await until(async () => (await knock(world.client, app4, 8080)) === "timeout");
  context.diagnostic(`closed after ${(ms - 700).toFixed(0)} ms, of which the question itself took its share`);
  assert.ok(Number.isFinite(ms), "closed");
  assert.equal(await knock(world.client, app6, 8080), "timeout");
  await world.gateway("closed");
  assert.ok(await works(world, app4));
});

test("a gateway that hangs is taken for gone, and is there again when it goes on", async (context) => {
  const world = await openDeathWorld(context);
  if (world === undefined) return;
  const child = await world.gateway("open");
  const hangs = async (): Promise<number> => {
    child.kill("SIGSTOP");
    const ms = await until(async () => {
      const socket = await dial(world.client, app4, 8080);
      const answer = exchange(socket, get("/hangs"));
      const first = await Promise.race([answer, delay(300, "")]);
      socket.destroy();
      return first.startsWith("HTTP/1.1 200");
    });
    context.diagnostic(`open after ${ms.toFixed(0)} ms`);
    child.kill("SIGCONT");
    assert.ok(Number.isFinite(await until(() => works(world, app4))));
    return ms;
  };
  let ms = await hangs();
  // Stopped when its last sign of life was old already, as a slow machine makes it: once more, after a fresh one.
  for (let tries = 0; tries < 5 && ms <= 1000; tries += 1) {
    await delay(1500);
    ms = await hangs();
  }
  assert.ok(ms > 1000 && Number.isFinite(ms), `${ms} ms`);
});
