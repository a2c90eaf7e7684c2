// The WAF screen in a real browser on the mock: from the board to a request, an exclusion with its proof, and the ladder of modes.
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import { skipUnless } from "../support/skip.ts";
import { axeFindings, firstRow, isBuilt, isPresent, openSignedIn, type Stage } from "./console-stage.ts";

const usable = isPresent && isBuilt;

function ready(context: TestContext): boolean {
  return (
    skipUnless(context, isPresent, "Chromium (Debian package chromium)") &&
    skipUnless(context, isBuilt, "ui/dist (vite build in ui/)")
  );
}

for (const scheme of ["light", "dark"] as const) {
  describe(`WAF, ${scheme}`, () => {
    let stage: Stage;
    before(async () => {
      if (!usable) return;
      stage = await openSignedIn(scheme);
    });
    after(async () => {
      if (usable) await stage[Symbol.asyncDispose]();
    });

    test("a rule leads to its requests, a request to its matched piece, and that to an exclusion with its proof", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      await page.goto(`${stage.url}/waf?tab=rules&paused=1`);
      await firstRow(page, /Rules/);
      await page.locator("[data-column=rule]", { hasText: "942100" }).click();
      await page.waitForURL(/rule-id%3A942100/);
      await firstRow(page, /Requests/);
      await page
        .locator("[data-column=verdict]", { hasText: /^Blocked$/ })
        .first()
        .click();
      const details = page.getByRole("complementary", { name: "Details" });
      assert.equal(await details.locator("mark").first().textContent(), "1' or '1'='1");
      assert.deepEqual(await axeFindings(page), []);
      await details.getByRole("link", { name: "Open the request" }).click();
      await page.getByRole("button", { name: "This was no attack" }).click();
      const propose = page.getByRole("button", { name: "Find the narrowest exclusion" });
      assert.equal(await propose.isDisabled(), true, "no exclusion without a reason");
      await page.getByLabel("Why (kept with the exclusion)").fill("Search terms hold quotes");
      await propose.click();
      await page.getByText("171 of 304 still are").waitFor();
      await page.getByText("942100 in ARGS:q at /api/products (GET)").waitFor();
      assert.deepEqual(await axeFindings(page), []);
      const written = page.waitForRequest(
        (request) => request.method() === "PUT" && request.url().includes("/resources/"),
      );
      await page.getByRole("button", { name: "Save exclusion" }).click();
      const dialog = page.getByRole("dialog", { name: "Save exclusion" });
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.waitFor({ state: "detached" });
      const put = await written;
      const body = put.postDataJSON() as { name: string; spec: { exclusions: { rules: string[]; target: string }[] } };
      assert.match(put.url(), /WafPolicy\/shop-frontend\?/);
      assert.deepEqual(body.spec.exclusions.map(({ rules, target }) => [rules[0], target])[0], ["942100", "ARGS:q"]);
      assert.deepEqual(stage.complaints, []);
      await page.close();
    });

    test("a workload climbs the ladder only after it was said what blocking would have stopped", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      await page.goto(`${stage.url}/waf`);
      await firstRow(page, /Workloads/);
      await page.locator("[data-column=mode]", { hasText: "Detect" }).first().click();
      const details = page.getByRole("complementary", { name: "Details" });
      await details.getByText(/requests of \d+ sources would have been stopped/).waitFor();
      assert.deepEqual(await axeFindings(page), []);
      await details.getByRole("button", { name: "Block", exact: true }).click();
      const dialog = page.getByRole("dialog", { name: /Block requests to/ });
      await dialog.getByText("watched for less than a day").waitFor();
      const written = page.waitForRequest((request) => request.method() === "PUT");
      await dialog.getByRole("button", { name: "Block", exact: true }).click();
      await dialog.waitFor({ state: "detached" });
      const body = (await written).postDataJSON() as { spec: { mode: string; target: { workload: string } } };
      assert.deepEqual([body.spec.mode, body.spec.target.workload], ["block", "checkout"]);
      await page.close();
    });
  });
}
