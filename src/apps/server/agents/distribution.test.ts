// The one distribution: over the real door and state store with the real agent's view, and its corners with a store of the test's own.
import { deepEqual, equal, ok } from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../../base/clock.ts";
import { silentLogger } from "../../../base/logger.ts";
import { followControl } from "../../../edge/uplink/control-stream.ts";
import { applyToView, emptyView, type ResourceView } from "../../../edge/uplink/resource-view.ts";
import { postJson } from "../../../edge/uplink/session.ts";
import { agentPaths, type ControlMessage } from "../../../model/agent-protocol.ts";
import type { Resource, ResourceManifest } from "../../../model/resource.ts";
import { doorWorld, reportOf, sessionOf, until, type DoorWorld } from "../../../../test/support/agents-door.ts";
import { Distribution, isFor } from "./distribution.ts";

function visibility(name: string, scope: string, http = true): ResourceManifest {
  return { apiVersion: "garrison/v1", kind: "Visibility", scope, name, spec: { http } };
}

async function apply(world: DoorWorld, manifest: ResourceManifest): Promise<void> {
  await world.state.resources.apply(manifest, { author: "test", dryRun: false });
}

interface Follower {
  view: ResourceView;
  readonly kinds: string[];
  stop(): Promise<void>;
}

/** Follows the control stream with the agent's own parts, from a view it kept. */
async function follow(
  world: DoorWorld,
  credentials: Awaited<ReturnType<DoorWorld["joinNode"]>>,
  view: ResourceView,
): Promise<Follower> {
  const session = await sessionOf(world, credentials);
  const abort = new AbortController();
  const follower: Follower = {
    view,
    kinds: [],
    async stop() {
      abort.abort();
      session.destroy();
      await following;
      await until("the door to notice", () => !world.door.isConnected({ cluster: "home", node: credentials.node }));
    },
  };
  async function take(message: ControlMessage): Promise<void> {
    follower.kinds.push(message.type);
    if (message.type !== "snapshot" && message.type !== "delta") return;
    const next = applyToView(follower.view, message);
    if (next === "hole") follower.kinds.push("hole");
    else follower.view = next;
    await Promise.resolve();
  }
  const following = followControl(session, view.number, { onMessage: take }, abort.signal).catch(() => undefined);
  return follower;
}

const names = (view: ResourceView) => view.resources.map(({ name, generation }) => `${name}:${generation}`).sort();
const changes = (follower: Follower) =>
  follower.kinds.filter((kind) => kind === "snapshot" || kind === "delta" || kind === "hole");

test("an agent gets its own resources as a snapshot, then deltas; nobody else's", async () => {
  await using world = await doorWorld({ door: { pingMs: 20 } });
  for (const scope of ["global", "cluster/home", "cluster/other", "node/home/a", "node/home/b"]) {
    await apply(world, visibility(scope.replaceAll("/", "-"), scope));
  }
  await apply(world, { ...visibility("keep", "global"), kind: "Retention", spec: {} }).catch(() => undefined);
  const follower = await follow(world, await world.joinNode("a"), emptyView);
  await until("the snapshot", () => follower.view.number > 0);
  deepEqual(names(follower.view), ["cluster-home:1", "global:1", "node-home-a:1"]);
  await apply(world, visibility("global", "global", false));
  await apply(world, visibility("node-home-b", "node/home/b", false));
  await until("the change", () => names(follower.view).includes("global:2"));
  await world.state.resources.remove({ kind: "Visibility", scope: "cluster/home", name: "cluster-home" }, "test");
  await until("the removal", () => follower.view.resources.length === 2);
  deepEqual(changes(follower), ["snapshot", "delta", "delta"]);
  ok(follower.kinds.includes("epoch"));
  await until("a ping", () => follower.kinds.includes("ping"));
  await follower.stop();
});

test("after a short cut only what changed comes; after a lost message or a server's restart a snapshot", async () => {
  await using world = await doorWorld();
  await apply(world, visibility("one", "global"));
  const credentials = await world.joinNode("a");
  const first = await follow(world, credentials, emptyView);
  await until("the snapshot", () => first.view.number > 0);
  await first.stop();
  await apply(world, visibility("two", "global"));
  const second = await follow(world, credentials, first.view);
  await until("the second", () => second.view.resources.length === 2);
  deepEqual(changes(second), ["delta"]);
  await second.stop();
  // It says an older number than the last one sent: a message got lost on the way.
  const third = await follow(world, credentials, first.view);
  await until("the snapshot", () => third.view.resources.length === 2);
  deepEqual(changes(third), ["snapshot"]);
  await third.stop();
  await apply(world, visibility("three", "global"));
  await world.restart();
  const fourth = await follow(world, credentials, third.view);
  await until("all three", () => fourth.view.resources.length === 3);
  deepEqual(changes(fourth), ["snapshot"]);
  await fourth.stop();
});

test("an agent reports per resource, and only of what is its own", async () => {
  await using world = await doorWorld();
  await apply(world, visibility("mine", "node/home/a"));
  await apply(world, visibility("theirs", "node/home/b"));
  const session = await sessionOf(world, await world.joinNode("a"));
  const status = { kind: "Visibility", generation: 1, because: "no such workload", state: "refused" } as const;
  const resources = [
    { ...status, scope: "node/home/a", name: "mine" },
    { ...status, scope: "node/home/b", name: "theirs" },
  ];
  equal((await postJson(session, agentPaths.report, reportOf({ resources, number: 7 }))).status, 200);
  const mine = await world.state.resources.statusOf({ kind: "Visibility", scope: "node/home/a", name: "mine" });
  deepEqual(
    mine.map(({ cluster, node, state, because }) => ({ cluster, node, state, because })),
    [{ cluster: "home", node: "a", state: "refused", because: "no such workload" }],
  );
  deepEqual(await world.state.resources.statusOf({ kind: "Visibility", scope: "node/home/b", name: "theirs" }), []);
  equal((await world.state.agents.get("home", "a"))?.report?.number, 7);
  session.destroy();
});

test("scopes", () => {
  const identity = { cluster: "home", node: "a" };
  const cases: readonly [string, boolean][] = [
    ["global", true],
    ["cluster/home", true],
    ["cluster/home2", false],
    ["node/home/a", true],
    ["node/home/ab", false],
    ["node/other/a", false],
  ];
  for (const [scope, expected] of cases) equal(isFor(scope, identity), expected, scope);
});

function resource(name: string, generation: number): Resource {
  return { ...visibility(name, "global"), generation, author: "x", time: "2026-01-01T00:00:00.000Z", deleted: false };
}

test("a change while the resources are being read is not lost, and numbers rise by one", async () => {
  let listener: (resource: Resource) => void = () => undefined;
  let wanted = [resource("a", 1)];
  const reads: (() => void)[] = [];
  const distribution = new Distribution({
    clock: manualClock(1000),
    logger: silentLogger,
    resources: {
      async forAgent() {
        const read = wanted;
        await new Promise<void>((resolve) => {
          reads.push(resolve);
        });
        return read;
      },
      onChange(next) {
        listener = next;
        return () => undefined;
      },
      recordStatus: () => Promise.resolve(),
    },
  });
  const sent: ControlMessage[] = [];
  const close = distribution.open({ cluster: "home", node: "a" }, 0, (message) => sent.push(message));
  await until("the first read", () => reads.length === 1);
  wanted = [resource("a", 2)];
  listener(resource("a", 2));
  reads.shift()?.();
  await until("the second read", () => reads.length === 1);
  reads.shift()?.();
  await until("both messages", () => sent.length === 2);
  deepEqual(
    sent.map((message) => [message.type, "number" in message ? message.number : 0]),
    [
      ["snapshot", 1001],
      ["delta", 1002],
    ],
  );
  // A change that comes back to what was sent says nothing.
  listener(resource("a", 2));
  await until("the third read", () => reads.length === 1);
  close();
  reads.shift()?.();
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  equal(sent.length, 2);
  distribution.stop();
});
