// Loud, counted skips: a test that needs a part which this machine lacks says which; with GARRISON_TEST_REQUIRE=all it fails instead.
import type { TestContext } from "node:test";

/** Returns true when the test may go on. Otherwise skips it with the reason, or throws where skips are forbidden. */
export function skipUnless(context: TestContext, present: boolean, missing: string): boolean {
  if (present) return true;
  if (process.env["GARRISON_TEST_REQUIRE"] === "all") throw new Error(`required here, but missing: ${missing}`);
  context.skip(`MISSING: ${missing}`);
  return false;
}
