// Images in a real browser on the mock: from the list to a finding with its why, to an exception with what it covers, to the other places of a vulnerability.
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
  describe(`images, ${scheme}`, () => {
    let stage: Stage;
    before(async () => {
      if (!usable) return;
      stage = await openSignedIn(scheme);
    });
    after(async () => {
      if (usable) await stage[Symbol.asyncDispose]();
    });

    test("a finding says why, is accepted with its bounds, and leads to its other places", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      await page.goto(`${stage.url}/images`);
      await firstRow(page, /Images/);
      await page.getByText("Not analysed", { exact: true }).waitFor();
      await page.locator("[data-column=image]", { hasText: "shop/web:1.42.0" }).click();
      await page.waitForURL(/images\/sha256/);
      await firstRow(page, /Findings/);
      await page.locator("[data-column=vulnerability]", { hasText: "CVE-2024-2961" }).click();
      const details = page.getByRole("complementary", { name: "Details" });
      await details.getByText("2.36-9 < 2.36-9+deb12u6 (dpkg order)").waitFor();
      assert.deepEqual(await axeFindings(page), []);
      await details.getByRole("button", { name: "Accept…" }).click();
      const accept = details.getByRole("button", { name: "Accept", exact: true });
      assert.equal(await accept.isDisabled(), true, "nothing is accepted without a reason and an owner");
      await details.getByRole("textbox", { name: "Why" }).fill("The converter is not used");
      await details.getByRole("textbox", { name: "Owner" }).fill("shop-team");
      await details.getByText(/Covers 1 finding in 1 image/).waitFor();
      assert.deepEqual(await axeFindings(page), []);
      const written = page.waitForRequest(
        (request) => request.method() === "PUT" && request.url().includes("/resources/Exception/"),
      );
      await accept.click();
      const body = (await written).postDataJSON() as { spec: { scope: object; owner: string } };
      assert.deepEqual(Object.keys(body.spec.scope).toSorted(), ["image", "purl"]);
      assert.equal(body.spec.owner, "shop-team");
      await details.getByRole("link", { name: "Where else is it?" }).click();
      await page.waitForURL(/vulnerabilities\/CVE-2024-2961/);
      await firstRow(page, /Places/);
      assert.equal(await page.getByRole("row").count(), 3, "two images and the head");
    });

    test("the list is narrowed by words, severity and what is exploited; the choice is in the address", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      await page.goto(`${stage.url}/images`);
      await firstRow(page, /Images/);
      await page.getByRole("button", { name: "Known exploited" }).click();
      await page.waitForURL(/only=kev/);
      await page.getByText("nginx:1.27").waitFor({ state: "detached" });
      await page.getByLabel("Severity").selectOption("critical");
      await page.waitForURL(/only=kev%2Ccritical/);
      await page.getByRole("searchbox").fill("payments");
      await page.waitForURL(/q=payments/);
      await page.getByText("shop/web:1.42.0").waitFor({ state: "detached" });
      assert.deepEqual(await axeFindings(page), []);
    });

    test("why a vulnerability is not there is answered step by step", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      await page.goto(`${stage.url}/images`);
      await page.locator("[data-column=image]", { hasText: "shop/web:1.42.0" }).click();
      await page.getByRole("button", { name: "Why is a vulnerability not here?" }).click();
      await page.getByLabel("Vulnerability", { exact: true }).fill("CVE-2024-3094");
      await page.getByRole("button", { name: "Explain" }).click();
      await page.getByText("It does not hold.").waitFor();
      await page.getByText(/installed 5.4.1-0.2 is not in the range/i).waitFor();
      assert.deepEqual(await axeFindings(page), []);
    });
  });
}
