// Loud, counted skips: a test that needs a part which this machine lacks says which; with GARRISON_TEST_REQUIRE=all it fails instead.
import type { TestContext } from "node:test";

/** What no package of the reachable registries holds, so that even the full run may skip it: exactly these, asserted by tools/run-tests.ts. */
export const unobtainable = ["GARRISON_TEST_CLICKHOUSE_URL", "GARRISON_TEST_KUBECTL"] as const;

/** Returns true when the test may go on. Otherwise skips it with the reason, or throws where skips are forbidden. */
export function skipUnless(context: TestContext, present: boolean, missing: string): boolean {
  if (present) return true;
  const isExpected = unobtainable.some((part) => missing.startsWith(part));
  if (process.env["GARRISON_TEST_REQUIRE"] === "all" && !isExpected)
    throw new Error(`required here, but missing: ${missing}`);
  context.skip(`MISSING: ${missing}`);
  return false;
}
