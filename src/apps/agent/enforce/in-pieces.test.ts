// A change that comes in pieces: it is enforced whole, and its time limit counts in whatever order its resources come.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createIncoming } from "./incoming.ts";
import { apply, enforcement, node, policy, resource, scene, type Scene } from "./scene.fixture.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function pass(here: Scene, ms: number): Promise<void> {
  here.clockMs += ms;
  await pause(350);
  await here.enforcer.settled();
}

const free = { cutShareMax: 1 };

test("a time limit that comes after its policies starts: the change is pending, and what was before comes back", async (context) => {
  const here = scene(context);
  await apply(here, [enforcement(free), policy("web")]);
  const before = node(here).digest;
  here.clockMs += 60_000;
  await apply(here, [enforcement(free), policy("job")]);
  assert.equal(node(here).node?.isConfirmed, true);
  here.clockMs += 500;
  const limited = enforcement({ ...free, rollbackAfterSeconds: 30 });
  await apply(here, [limited, policy("job")]);
  assert.deepEqual([node(here).node?.isConfirmed, node(here).node?.takenBackAtMs], [false, here.clockMs + 30_000]);
  await pass(here, 31_000);
  assert.equal(node(here).state, "taken-back");
  assert.equal(here.enforcer.inForce?.intent.digest, before);
});

test("pieces that came one after the other before their time limit go back together; a confirmation ends it", async (context) => {
  for (const isConfirmed of [false, true]) {
    const here = scene(context);
    await apply(here, [enforcement(free), policy("web")]);
    const before = node(here).digest;
    here.clockMs += 60_000;
    const more = resource("Policy", "networkpolicy.shop.more", {
      manifest: {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name: "more", namespace: "shop" },
        spec: { podSelector: {} },
      },
    });
    await apply(here, [enforcement(free), policy("job")]);
    here.clockMs += 5000;
    await apply(here, [enforcement(free), policy("job"), more]);
    const limit = { ...free, rollbackAfterSeconds: 30 };
    await apply(here, [enforcement(limit), policy("job"), more]);
    const whole = node(here).digest;
    if (isConfirmed) await apply(here, [enforcement({ ...limit, confirm: whole }), policy("job"), more]);
    await pass(here, 31_000);
    assert.equal(here.enforcer.inForce?.intent.digest, isConfirmed ? whole : before);
  }
});

test("a change that says it is not whole is not enforced before it is, and then under its time limit", async (context) => {
  const here = scene(context);
  await apply(here, [enforcement(free), policy("web")]);
  const before = node(here).digest;
  const limit = { ...free, rollbackAfterSeconds: 30 };
  here.enforcer.setResources([enforcement({ ...limit, hold: "one" }), policy("web")]);
  await pause(400);
  here.enforcer.setResources([enforcement({ ...limit, hold: "one" }), policy("job")]);
  await pause(600);
  assert.equal(here.enforcer.inForce?.intent.digest, before);
  await apply(here, [enforcement(limit), policy("job")]);
  assert.notEqual(here.enforcer.inForce?.intent.digest, before);
  assert.equal(node(here).node?.isConfirmed, false);
  await pass(here, 31_000);
  assert.equal(here.enforcer.inForce?.intent.digest, before);
});

test("pieces are waited for; a hold whose owner died is waited for once; turning off waits for nothing", () => {
  let nowMs = 0;
  const incoming = createIncoming(() => nowMs);
  const held = [enforcement({ hold: "one" })];
  for (let piece = 0; piece < 40; piece += 1) {
    incoming.push([enforcement()]);
    nowMs += 100;
    assert.equal(typeof incoming.take(), "number", "still coming");
  }
  nowMs += 250;
  assert.ok(Array.isArray(incoming.take()));
  assert.equal(incoming.push(held), 30_000);
  nowMs += 29_000;
  assert.equal(incoming.push(held), 30_000, "a piece more");
  nowMs += 30_000;
  assert.equal(incoming.take(), held);
  assert.equal(incoming.push(held), 250, "the same hold holds no more");
  nowMs += 250;
  assert.equal(incoming.take(), held);
  assert.equal(incoming.push([enforcement({ hold: "two" })]), 30_000);
  assert.equal(incoming.push([enforcement({ hold: "two", mode: "off" })]), 250);
});
