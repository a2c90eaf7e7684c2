// Enforcement in trouble: kernels that refuse, somebody else who writes, a server that is away. What is said must be what is in the kernel.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../../base/fault.ts";
import { apply, enforcement, hear, node, policy, scene, type Scene } from "./scene.fixture.ts";

const refusal = new Fault("no buffer space", { code: "dataplane/netlink", kind: "unavailable" });

/** Moves the clock and waits until the enforcer has looked at it. */
async function pass(here: Scene, ms: number): Promise<void> {
  here.clockMs += ms;
  await new Promise((resolve) => setTimeout(resolve, 350));
  await here.enforcer.settled();
}

test("a repair that fails is no enforcement: it is said, and the rules are written again", async (context) => {
  let isBroken = false;
  const here = scene(context, {
    wrap: (dataplane) => ({
      apply(ruleset) {
        if (isBroken) throw refusal;
        return dataplane.apply(ruleset);
      },
    }),
  });
  await apply(here, [enforcement(), policy("web")]);
  isBroken = true;
  here.dataplane.removeAsStranger();
  assert.equal(here.dataplane.applied(), undefined);
  await pass(here, 1000);
  assert.equal(node(here).state, "failed");
  isBroken = false;
  await pass(here, 60_000);
  assert.notEqual(here.dataplane.applied(), undefined);
  assert.equal(node(here).state, "enforced");
});

test("somebody who keeps changing our rules is met after pauses, and that is said", async (context) => {
  const here = scene(context);
  await apply(here, [enforcement(), policy("web")]);
  for (let time = 0; time < 11; time += 1) here.dataplane.removeAsStranger();
  assert.equal(here.dataplane.applied(), undefined, "the eleventh time within a minute");
  await here.enforcer.settled();
  assert.equal(node(here).state, "failed");
  assert.match(node(here).because, /somebody else keeps writing our table .* a second Garrison/);
  await pass(here, 6000);
  assert.notEqual(here.dataplane.applied(), undefined);
  assert.equal(node(here).state, "enforced");
});

test("an unconfirmed change is taken back after a restart, also when nobody says who is who or what is asked", async (context) => {
  for (const isAsked of [true, false]) {
    const first = scene(context);
    await apply(first, [enforcement({ cutShareMax: 1 }), policy("web")]);
    const confirmed = node(first).digest;
    const asked = [enforcement({ cutShareMax: 1, rollbackAfterSeconds: 30 }), policy("job")];
    await apply(first, asked);
    assert.equal(node(first).node?.isConfirmed, false);
    await first.enforcer.close("keep");
    let removed = 0;
    const again = scene(context, {
      heard: "not-heard",
      folder: first.folder,
      clockMs: first.clockMs + 3_600_000,
      wrap: (dataplane) => ({
        remove() {
          removed += 1;
          dataplane.remove();
        },
      }),
    });
    if (isAsked) await apply(again, asked);
    await pass(again, 1000);
    assert.equal(removed, 1, "nothing instead of what may have cut the server off");
    if (isAsked) {
      assert.equal(node(again).state, "taken-back");
      assert.match(node(again).because, new RegExp(`nothing is enforced: .* then change ${confirmed} comes back`));
    }
    hear(again.book, "kept");
    await apply(again, asked);
    again.enforcer.identitiesCame();
    await again.enforcer.settled();
    assert.equal(again.enforcer.inForce?.intent.digest, confirmed);
    assert.equal(node(again).state, "taken-back");
  }
});

test("a kernel that refuses a take-back is asked again", async (context) => {
  let isBroken = false;
  const here = scene(context, {
    wrap: (dataplane) => ({
      apply(ruleset) {
        if (isBroken) throw refusal;
        return dataplane.apply(ruleset);
      },
    }),
  });
  await apply(here, [enforcement({ cutShareMax: 1 }), policy("web")]);
  const confirmed = node(here).digest;
  await apply(here, [enforcement({ cutShareMax: 1, rollbackAfterSeconds: 30 }), policy("job")]);
  isBroken = true;
  await pass(here, 31_000);
  assert.equal(node(here).state, "failed");
  isBroken = false;
  await pass(here, 60_000);
  assert.equal(here.enforcer.inForce?.intent.digest, confirmed);
  assert.equal(node(here).state, "taken-back");
});

test("a node that stops to enforce because it was asked to tells so once, as a gap", async (context) => {
  for (const mode of ["preview", "off"]) {
    const here = scene(context);
    await apply(here, [enforcement(), policy("web")]);
    assert.deepEqual(here.enforcer.takeGaps(here.clockMs), []);
    await apply(here, [enforcement({ mode }), policy("web")]);
    await pass(here, 10_000);
    assert.deepEqual(
      here.enforcer.takeGaps(here.clockMs).map(({ reason, detail }) => [reason, detail]),
      [["policy-unenforced", `enforcement was turned off: mode ${mode}`]],
    );
  }
});
