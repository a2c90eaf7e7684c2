// Two gateways and one workload: the second changes nothing while the first lives, also while the first drains; a table that somebody removes comes back.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createServer as createHttpServer } from "node:http";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { skipUnless } from "../../../../test/support/skip.ts";
import { app4, attachPath, dial, exchange, get, openRig, serveIn, type Rig } from "./rig.fixture.ts";

const hasTools = spawnSync("nft", ["-V"]).status === 0;
const ports = [{ port: 8080, onDown: "open" }] as const;
const held = { code: "transparent/held" };

function openPair(context: TestContext): Rig | undefined {
  if (!skipUnless(context, hasTools, "nft (nftables), to look at tables")) return undefined;
  const rig = openRig(context);
  if (rig === undefined) return undefined;
  serveIn(
    context,
    rig.app,
    8080,
    createHttpServer((_, response) => void response.end("fine")),
  );
  return rig;
}

const nft = (rig: Rig, ...argv: string[]): string =>
  rig.app.inside(() => spawnSync("nft", argv, { encoding: "utf8" }).stdout);

/** Counters and elements come and go. */
const tablesOf = (rig: Rig): string => nft(rig, "--stateless", "list", "ruleset").replace(/elements = \{[^}]*\}/g, "");

async function ask(rig: Rig, target: string): Promise<string> {
  return (await exchange(await dial(rig.client, app4, 8080), get(target))).slice(0, 12);
}

async function until(isSo: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await isSo()) return true;
    await delay(50);
  }
  return false;
}

test("where a gateway lives, another one is refused and nothing is changed", async (context) => {
  const rig = openPair(context);
  if (rig === undefined) return;
  const first = rig.attach(ports);
  const before = tablesOf(rig);
  assert.match(before, /garrison_waf_alive/);
  for (let tries = 0; tries < 2; tries += 1) {
    assert.throws(() => attachPath(rig.app.path, rig.door, ports), held);
    assert.equal(tablesOf(rig), before);
    assert.equal(await ask(rig, "/attack"), "HTTP/1.1 403");
    assert.equal(await ask(rig, "/fine"), "HTTP/1.1 200");
  }
  const open = await dial(rig.client, app4, 8080);
  open.write("GET /slow HTTP/1.1\r\n");
  assert.ok(await until(async () => rig.door.figures.connections >= 5));
  const gone = first.detach(60_000);
  assert.throws(() => attachPath(rig.app.path, rig.door, ports), held, "it drains, and will take its table away");
  open.destroy();
  assert.equal(await gone, true);
  assert.doesNotMatch(tablesOf(rig), /garrison_waf/);
  rig.attach(ports);
  assert.equal(await ask(rig, "/attack"), "HTTP/1.1 403");
});

test("a table that somebody removed or emptied is written again", async (context) => {
  const rig = openPair(context);
  if (rig === undefined) return;
  const attachment = rig.attach(ports);
  for (const argv of [
    ["delete", "table", "inet", "garrison_waf"],
    ["flush", "chain", "inet", "garrison_waf", "gr_turn"],
  ]) {
    assert.equal(await ask(rig, "/attack"), "HTTP/1.1 403");
    nft(rig, ...argv);
    assert.ok(await until(async () => (await ask(rig, "/attack")) === "HTTP/1.1 403"), argv.join(" "));
  }
  assert.equal(attachment.beat(), true);
});
