// Baselines in a real browser on the mock: from the ladder to a workload, its drift into the baseline, and a step up with what it would mean.
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
  describe(`Baselines, ${scheme}`, () => {
    let stage: Stage;
    before(async () => {
      if (!usable) return;
      stage = await openSignedIn(scheme);
    });
    after(async () => {
      if (usable) await stage[Symbol.asyncDispose]();
    });

    test("the ladder leads to a workload; drift is accepted, a step up says what it means", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      await page.goto(`${stage.url}/baselines`);
      await firstRow(page, /Workloads on the ladder/);
      assert.deepEqual(await axeFindings(page), []);
      await page.getByRole("searchbox", { name: "Find workloads" }).fill("checkout");
      assert.equal(await page.locator("[data-column=workload] a").count(), 0, "every cell opens the same page");
      await page
        .locator("[data-column=step]", { hasText: /Monitoring|Protecting/ })
        .first()
        .click();
      await page.waitForURL(/\/baselines\/local\/shop\/Deployment\/.*\/checkout/);
      const drift = page.getByRole("region", { name: "Drift" });
      const accept = drift.getByRole("button", { name: "Accept /usr/bin/nc" });
      await drift.waitFor();
      assert.deepEqual(await axeFindings(page), []);
      // The mock keeps what was done in the light: one time is enough.
      if (scheme === "dark") {
        await page.close();
        return;
      }
      await accept.click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Why it is meant to be").fill("debug tool");
      await dialog.getByRole("button", { name: "Accept" }).click();
      await drift.getByText("Nothing outside the baseline was told").waitFor();
      await page.getByRole("button", { name: /^Protecting/ }).click();
      await dialog.getByText("no recorded row would be drift").waitFor();
      assert.deepEqual(await axeFindings(page), []);
      await dialog.getByRole("button", { name: "Go to protecting" }).click();
      await page.getByRole("button", { name: /^Protecting, dry run/ }).waitFor();
      await page.close();
    });

    test("nothing learnt yet says how to begin", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      await page.goto(`${stage.url}/baselines?q=mock%3Aempty`);
      await page.getByRole("heading", { name: "Nothing has been learnt yet" }).waitFor();
      assert.deepEqual(await axeFindings(page), []);
      await page.close();
    });
  });
}
