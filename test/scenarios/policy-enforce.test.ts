// Enforcement as the agent does it, on the real kernel in namespaces of the test's own: a policy bites with a receipt, a denied connection becomes a row,
// a foreign flush is repaired and told, a change is taken back, one that would cut what lives is refused, and break-glass takes all of it out.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { createEnforceSide, type EnforceSide } from "../../src/apps/agent/enforce/enforce-side.ts";
import { endBreakGlass, writeBreakGlass } from "../../src/apps/agent/enforce/break-glass.ts";
import { createAddressBook } from "../../src/core/directory/address-book.ts";
import { attempt, closeDescriptor } from "../../src/edge/dataplane/local/sockets.ts";
import { libc } from "../../src/edge/dataplane/nftables/netlink/libc.ts";
import { withNetns } from "../../src/edge/dataplane/nftables/netlink/netns.ts";
import { openNftables } from "../../src/edge/dataplane/nftables/open-nftables.ts";
import type { EnforcementStatus } from "../../src/model/enforcement-status.ts";
import { Resource, type ResourceStatus } from "../../src/model/resource.ts";
import type { Row } from "../../src/model/table.ts";
import { openListeners, type Listeners } from "../support/netns/listeners.ts";
import { mayMakeNamespaces } from "../support/netns/namespace.ts";
import { probe } from "../support/netns/probes.ts";
import { openStar, type Star } from "../support/netns/star.ts";
import { skipUnless } from "../support/skip.ts";

const scope = "node/home/n1";
const database = 5432;

/** The machine's time, until a test stops it or lets it pass. */
function openClock() {
  let stoppedMs: number | undefined;
  let aheadMs = 0;
  return {
    nowMs: () => (stoppedMs ?? Date.now()) + aheadMs,
    pass: (ms: number) => void (aheadMs += ms),
    stop: () => void (stoppedMs = Date.now()),
    goOn: () => void (stoppedMs = undefined),
  };
}

interface World extends AsyncDisposable {
  readonly star: Star;
  readonly folder: string;
  readonly side: EnforceSide;
  readonly listeners: Listeners;
  readonly clock: ReturnType<typeof openClock>;
  /** The agent stops and starts again; the kernel stays as it is. */
  restart(): Promise<EnforceSide>;
  open(from: string, port?: number): Promise<string>;
}

async function open(): Promise<World> {
  const star = openStar({
    pods: [
      { name: "web", addresses: ["10.77.0.1"] },
      { name: "db", addresses: ["10.77.0.2"] },
      { name: "job", addresses: ["10.77.0.3"] },
    ],
  });
  const listeners = await openListeners([
    { in: star.pod("db"), address: "0.0.0.0", port: database, protocol: "tcp", echo: true },
    { in: star.pod("db"), address: "0.0.0.0", port: 8080, protocol: "tcp" },
  ]);
  const folder = mkdtempSync(path.join(os.tmpdir(), "garrison-enforce-"));
  const clock = openClock();
  const start = (): EnforceSide => {
    const book = createAddressBook({ createdMs: Date.now() });
    book.apply({ type: "identities", first: true, last: true, inventory: "none", because: "", put: [], ended: [] }, 0);
    return createEnforceSide({
      node: "n1",
      folder,
      server: { host: "192.0.2.1", port: 8687 },
      book,
      clock,
      logger: silentLogger,
      dnsPort: 15_353,
      kernel: "real",
      netns: star.router.path,
      fileOf: (name) => star.pod(name).path,
      onDnsRow: () => undefined,
      onStatus: () => undefined,
    });
  };
  const world = {
    star,
    folder,
    listeners,
    clock,
    side: start(),
    async restart() {
      await world.side.close("keep");
      world.side = start();
      return world.side;
    },
    open: (from: string, port = database) =>
      probe({ from: star.pod(from), to: "10.77.0.2", port, protocol: "tcp" }, { timeoutMs: 400 }),
    async [Symbol.asyncDispose]() {
      await world.side.close("withdraw");
      await listeners.close();
      star.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}

let generation = 0;

function resource(kind: string, name: string, spec: object): Resource {
  generation += 1;
  return Resource.parse({ kind, scope, name, spec, generation, author: "test", time: "2026-11-25T00:00:00Z" });
}

const locals = ["web", "db", "job"].map((name) =>
  resource("LocalEndpoint", name, { netns: name, namespace: "shop", name, labels: { app: name } }),
);

function enforcement(spec: object = {}): Resource {
  return resource("Enforcement", "default", { mode: "enforce", ...spec });
}

/** Only pods with this label reach the database's port. */
function allowDatabase(app: string, name = "db"): Resource {
  const manifest = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace: "shop" },
    spec: {
      podSelector: { matchLabels: { app: "db" } },
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector: { matchLabels: { app } } }], ports: [{ protocol: "TCP", port: database }] }],
    },
  };
  return resource("Policy", `networkpolicy.shop.${name}`, { manifest });
}

function statusOf(side: EnforceSide, kind: string): ResourceStatus & { enforcement: EnforcementStatus } {
  const found = side.statuses().find((status) => status.kind === kind);
  assert.ok(found?.enforcement !== undefined, `no status of ${kind}`);
  return { ...found, enforcement: found.enforcement };
}

async function apply(side: EnforceSide, resources: readonly Resource[]): Promise<void> {
  side.setResources([...locals, ...resources]);
  await side.settled();
}

async function until<T>(what: string, look: () => T | undefined, withinMs = 60_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await wait(20);
  }
}

function may(context: TestContext): boolean {
  return skipUnless(context, mayMakeNamespaces(), "MISSING root: network namespaces cannot be made");
}

test("a policy is enforced with a receipt, and a denied connection becomes a row with both ends and the rule", async (context) => {
  if (!may(context)) return;
  await using world = await open();
  const { side } = world;
  assert.deepEqual([await world.open("web"), await world.open("job")], ["open", "open"]);
  await apply(side, [enforcement(), allowDatabase("web")]);
  const policy = statusOf(side, "Policy");
  assert.equal(policy.enforcement.state, "enforced", policy.because);
  assert.deepEqual(
    policy.enforcement.receipt?.probes.map(({ expected, isProved }) => [expected, isProved]),
    [
      ["allow", true],
      ["deny", true],
    ],
  );
  assert.equal(policy.enforcement.receipt.readBack, "");
  assert.deepEqual(side.flush(Date.now() + 60_000), [], "our own probes are no rows");
  assert.deepEqual(
    [await world.open("web"), await world.open("job"), await world.open("web", 8080)],
    ["open", "timeout", "timeout"],
  );
  const rows: Row<"flows">[] = [];
  const row = await until("a denied connection is told", () => {
    rows.push(...side.flush(Date.now() + 60_000));
    return rows.find(({ destinationPort }) => destinationPort === database);
  });
  assert.deepEqual(
    [row.verdict, row.sourcePod, row.destinationPod, row.reporter, row.protocol, row.connectionsFailed],
    ["deny", "job", "db", "destination", "tcp", 1],
  );
  assert.match(row.verdictBecause, /no rule of policy shop\/db allows it/);
  assert.equal(row.policies.length, 1);
  assert.notEqual(row.policyGeneration, 0);
});

test("a foreign flush is repaired at once and told as a gap; an agent that restarts leaves no hole", async (context) => {
  if (!may(context)) return;
  await using world = await open();
  const { star, clock } = world;
  await apply(world.side, [enforcement(), allowDatabase("web")]);
  // From here on no look of the agent's own becomes due: what is repaired is repaired by the kernel's word.
  clock.stop();
  const stranger = openNftables({ netns: star.router.path, table: "garrison", clock, logger: silentLogger });
  stranger.remove();
  stranger.close();
  const [gap] = await until("the gap is told", () => {
    const gaps = world.side.takeGaps(Date.now()).filter(({ reason }) => reason === "policy-unenforced");
    return gaps.length === 0 ? undefined : gaps;
  });
  assert.equal(await world.open("job"), "timeout");
  assert.equal(gap?.durationMs, 1, "nothing was waited for");
  assert.equal(statusOf(world.side, "Enforcement").enforcement.node?.repairs, 1);
  clock.goOn();
  const side = await world.restart();
  assert.equal(await world.open("job"), "timeout", "the rules stay while no agent runs");
  await apply(side, [enforcement(), allowDatabase("web")]);
  assert.equal(statusOf(side, "Policy").enforcement.state, "enforced");
  await apply(side, [enforcement({ mode: "off" }), allowDatabase("web")]);
  assert.equal(await world.open("job"), "open");
});

test("a change that would cut what lives is refused by its digest, and goes on when a person confirms it", async (context) => {
  if (!may(context)) return;
  await using world = await open();
  const { side } = world;
  const live = await liveConnection(world, "job");
  try {
    const wanted = [allowDatabase("web")];
    await apply(side, [enforcement(), ...wanted]);
    const node = statusOf(side, "Enforcement");
    assert.equal(node.enforcement.state, "refused");
    assert.match(node.because, /would cut 1 of 1 live connections .*10\.77\.0\.3 -> 10\.77\.0\.2:5432\/tcp/);
    assert.equal(statusOf(side, "Policy").state, "refused");
    assert.equal(await world.open("job"), "open");
    await apply(side, [enforcement({ confirm: node.enforcement.digest, onPolicyChange: "reevaluate" }), ...wanted]);
    const other = statusOf(side, "Enforcement");
    assert.equal(other.enforcement.state, "refused", "another setting is another change");
    const confirmed = enforcement({ confirm: other.enforcement.digest, onPolicyChange: "reevaluate" });
    await apply(side, [confirmed, ...wanted]);
    assert.equal(statusOf(side, "Policy").enforcement.state, "enforced");
    assert.equal(statusOf(side, "Enforcement").enforcement.node?.connectionsCut, 1);
    assert.equal(await world.open("job"), "timeout");
  } finally {
    live.close();
  }
});

test("a change with a time limit is taken back by the agent alone, also over its restart, unless it is confirmed", async (context) => {
  if (!may(context)) return;
  await using world = await open();
  await apply(world.side, [enforcement(), allowDatabase("web")]);
  const change = [enforcement({ rollbackAfterSeconds: 600 }), allowDatabase("job")];
  await apply(world.side, change);
  const pending = statusOf(world.side, "Enforcement").enforcement;
  const passes = statusOf(world.side, "Policy").enforcement.receipt?.probes.find(
    ({ expected }) => expected === "allow",
  );
  assert.equal(passes?.source, "pod/shop/job", "a receipt is of the policy as it is now");
  assert.equal(pending.node?.isConfirmed, false);
  assert.deepEqual([await world.open("job"), await world.open("web")], ["open", "timeout"]);
  const side = await world.restart();
  await apply(side, change);
  assert.equal(statusOf(side, "Policy").enforcement.state, "enforced", "its time is not over");
  world.clock.pass(601_000);
  await until("it is taken back", () =>
    statusOf(side, "Enforcement").enforcement.state === "taken-back" ? true : undefined,
  );
  assert.deepEqual([await world.open("job"), await world.open("web")], ["timeout", "open"]);
  assert.equal(statusOf(side, "Policy").state, "refused");
  await apply(side, [enforcement({ rollbackAfterSeconds: 600, confirm: pending.digest }), allowDatabase("job")]);
  world.clock.pass(601_000);
  await wait(600);
  await side.settled();
  assert.equal(statusOf(side, "Policy").enforcement.state, "enforced");
  assert.deepEqual([await world.open("job"), await world.open("web")], ["open", "timeout"]);
  await apply(side, [enforcement({ takeBack: pending.digest }), allowDatabase("job")]);
  assert.deepEqual([await world.open("job"), await world.open("web")], ["timeout", "open"], "a person took it back");
});

test("preview and staged policies touch no packet; break-glass takes everything out and keeps it out", async (context) => {
  if (!may(context)) return;
  await using world = await open();
  const { side, folder } = world;
  await apply(side, [enforcement({ mode: "preview" }), allowDatabase("web")]);
  assert.equal(statusOf(side, "Policy").enforcement.state, "preview");
  assert.equal(await world.open("job"), "open");
  await apply(side, [enforcement(), allowDatabase("web")]);
  assert.equal(await world.open("job"), "timeout");
  writeBreakGlass(folder, { sinceMs: Date.now(), by: "test", because: "a test" });
  await until("nothing is enforced", () =>
    statusOf(side, "Enforcement").enforcement.state === "broken-glass" ? true : undefined,
  );
  assert.equal(await world.open("job"), "open");
  await apply(side, [enforcement(), allowDatabase("web", "other")]);
  assert.equal(await world.open("job"), "open", "a change does not end it");
  endBreakGlass(folder);
  await until("enforced again", () => (statusOf(side, "Policy").enforcement.state === "enforced" ? true : undefined));
  assert.equal(await world.open("job"), "timeout");
  assert.ok(side.takeGaps(Date.now()).some(({ detail }) => detail.includes("break-glass")));
});

/** A connection that stays open and speaks now and then. */
async function liveConnection(world: World, from: string): Promise<{ close(): void }> {
  const to = { protocol: "tcp", source: "", address: "10.77.0.2", port: database } as const;
  const { descriptor, started } = withNetns(world.star.pod(from).path, () => attempt(to));
  assert.equal(started, 0);
  await wait(100);
  const talk = setInterval(() => libc().send(descriptor, new Uint8Array([1]), 1, 0x4040), 100);
  return {
    close: () => {
      clearInterval(talk);
      closeDescriptor(descriptor);
    },
  };
}
