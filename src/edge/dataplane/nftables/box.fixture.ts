// An own network namespace with a dataplane in it, for tests on the real kernel.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { silentLogger } from "../../../base/logger.ts";
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { NftRuleset } from "../../../core/policy/compile/nft/ruleset.ts";
import { createNamespace, mayMakeNamespaces, type NetworkNamespace } from "../../../../test/support/netns/namespace.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { openNftables } from "./open-nftables.ts";
import { table } from "./rulesets.fixture.ts";

const missing = "root in a kernel with network namespaces and nf_tables";
export const clock = { nowMs: () => Date.now() };

export interface Box {
  readonly namespace: NetworkNamespace;
  readonly plane: Dataplane;
  another(kernelRelease?: string): Dataplane;
}

/** Gone when the test is over; undefined (and the test skipped) where namespaces cannot be made. */
export function openBox(context: TestContext): Box | undefined {
  if (!skipUnless(context, mayMakeNamespaces(), missing)) return undefined;
  const namespace = createNamespace("box");
  const open = (kernelRelease?: string): Dataplane =>
    openNftables({
      netns: namespace.path,
      table,
      clock,
      logger: silentLogger,
      ...(kernelRelease === undefined ? {} : { kernelRelease }),
    });
  const planes = [open()];
  context.after(() => {
    for (const plane of planes) plane.close();
    namespace.close();
  });
  const another = (kernelRelease?: string): Dataplane => {
    const plane = open(kernelRelease);
    planes.push(plane);
    return plane;
  };
  const [plane] = planes;
  assert.ok(plane);
  return { namespace, plane, another };
}

/** Asserts that the kernel has the ruleset, element by element. */
export function isAsItShould(plane: Dataplane, wanted: NftRuleset): void {
  for (const elements of [true, false]) {
    assert.deepEqual(plane.readBack(wanted, { elements }), { isThere: true, digest: wanted.digest, differences: [] });
  }
}
