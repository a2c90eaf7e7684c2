// Enforcement is loaded when somebody asks for it, not before; and nothing that was asked meanwhile is lost.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { silentLogger } from "../../../base/logger.ts";
import { createAddressBook } from "../../../core/directory/address-book.ts";
import type { Resource } from "../../../model/resource.ts";
import type { EnforceSide, EnforceSideOptions } from "./enforce-side.ts";
import { openKept } from "./kept.ts";
import { neverEnforced } from "./never.ts";
import { enforcement, policy } from "./scene.fixture.ts";
import { createEnforceSideWhenAsked } from "./when-asked.ts";

function optionsFor(context: TestContext): EnforceSideOptions {
  const folder = mkdtempSync(path.join(os.tmpdir(), "garrison-when-asked-"));
  context.after(() => rmSync(folder, { recursive: true }));
  return {
    node: "n1",
    folder,
    server: { host: "", port: 0 },
    book: createAddressBook({ createdMs: 0 }),
    clock: { nowMs: Date.now },
    logger: silentLogger,
    dnsPort: 15_353,
    kernel: "simulated",
    onDnsRow: () => undefined,
    onStatus: () => undefined,
  };
}

/** A side that notes what it was asked, and how often one was loaded. */
function counted(context: TestContext) {
  const asked: (readonly Resource[])[] = [];
  let loads = 0;
  const load = async (): Promise<EnforceSide> => {
    loads += 1;
    return { ...neverEnforced(), setResources: (resources) => asked.push(resources) };
  };
  return { options: optionsFor(context), asked, load, loads: () => loads };
}

const other: Resource = { ...enforcement(), kind: "Visibility" };

test("without a policy resource nothing is loaded; the first one is done, and the newest set counts", async (context) => {
  const { options, asked, load, loads } = counted(context);
  const side = createEnforceSideWhenAsked(options, load);
  side.setResources([other]);
  await side.settled();
  assert.equal(loads(), 0);
  assert.deepEqual(side.statuses(), []);
  const newest = [enforcement(), policy("web")];
  side.setResources([policy("job")]);
  side.setResources(newest);
  await side.settled();
  assert.equal(loads(), 1);
  assert.deepEqual(asked, [newest]);
  side.setResources([]);
  assert.deepEqual(asked, [newest, []]);
});

test("what an earlier process enforced is watched, whatever the server asks", async (context) => {
  const confirmed = { digest: "d", resources: [] };
  for (const kept of [{ confirmed }, { pending: { digest: "d", deadlineMs: 1, parts: [] } }]) {
    const { options, asked, load, loads } = counted(context);
    openKept(options.folder, silentLogger).save(kept);
    const side = createEnforceSideWhenAsked(options, load);
    await side.settled();
    // A change that nobody confirmed yet is watched from the start; nothing was asked, which is not the same as asked for nothing.
    assert.deepEqual([loads(), asked], ["pending" in kept ? 1 : 0, []]);
    side.setResources([other]);
    await side.settled();
    assert.deepEqual([loads(), asked], [1, [[other]]]);
  }
});

test("what cannot be loaded is refused with the reason, and tried again", async (context) => {
  const { options, asked, load } = counted(context);
  let isBroken = true;
  const side = createEnforceSideWhenAsked(options, async () => {
    if (isBroken) throw new Error("no such module");
    return load();
  });
  side.setResources([other, policy("web")]);
  await side.settled();
  assert.deepEqual(
    side.statuses().map(({ name, state, because }) => [name, state, because]),
    [[policy("web").name, "refused", "enforcement could not be loaded: no such module"]],
  );
  isBroken = false;
  side.setResources([policy("web")]);
  await side.settled();
  assert.equal(asked.length, 1);
  assert.deepEqual(side.statuses(), []);
});

test("the side that is loaded is the real one", async (context) => {
  const side = createEnforceSideWhenAsked(optionsFor(context));
  side.setResources([enforcement({ mode: "preview" })]);
  await side.settled();
  assert.deepEqual(
    side.statuses().map(({ kind }) => kind),
    ["Enforcement"],
  );
  await side.close("withdraw");
});
