// Runtime pages for somebody without a pointer: from the list to a detection, its tree, and back; what nobody looked at; what is in sight on a telephone.
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { skipUnless } from "../support/skip.ts";
import { axeInBothThemes, firstRow, isBuilt, isPresent, openSignedIn, type Stage } from "./console-stage.ts";

const usable = isPresent && isBuilt;
const tabsMax = 60;

function ready(context: TestContext): boolean {
  return (
    skipUnless(context, isPresent, "Chromium (Debian package chromium)") &&
    skipUnless(context, isBuilt, "ui/dist (vite build in ui/)")
  );
}

/** Tabs on until what has the focus is the one; its ring is seen. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let pressed = 0; pressed < tabsMax; pressed += 1) {
    await page.keyboard.press("Tab");
    const isThere = await page.evaluate((asked) => document.activeElement?.matches(asked) === true, selector);
    if (!isThere) continue;
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle);
    assert.notEqual(ring, "none", `the focus on ${selector} is seen`);
    return;
  }
  assert.fail(`Tab does not come to ${selector}`);
}

describe("runtime pages", () => {
  let stage: Stage;
  before(async () => {
    if (!usable) return;
    stage = await openSignedIn("light");
  });
  after(async () => {
    if (usable) await stage[Symbol.asyncDispose]();
  });

  test("list, details, page with its tree, and back to the same row", async (context) => {
    if (!ready(context)) return;
    const page = await stage.page();
    await page.goto(`${stage.url}/detections?q=severity:critical`);
    await firstRow(page, /Detections/);
    // A row is opened by Enter also where a button had the focus: walking rows takes it to the list.
    await tabTo(page, ".detection-totals button");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    const details = page.getByRole("complementary", { name: "Details" });
    await details.getByRole("region", { name: "Process tree" }).waitFor();
    // The pane is scrolled by the keys that scroll, when it has the focus; the row stays.
    await tabTo(page, ".details-body");
    const row = page.url();
    await page.keyboard.press("End");
    await page.waitForFunction(() => (document.querySelector(".details-body")?.scrollTop ?? 0) > 0);
    assert.equal(page.url(), row);
    await page
      .getByRole("complementary", { name: "Details" })
      .getByRole("button", { name: /^Close/ })
      .focus();
    await tabTo(page, ".detection-where a");
    await tabTo(page, '.detection-acts a[href^="/detections/"]');
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/detections\/[0-9a-z]+-a1f00c41d3b2e001/);
    const crumb = page.getByRole("heading", { level: 1, name: "Standard input or output becomes a network" });
    await crumb.waitFor();
    assert.match((await crumb.getAttribute("title")) ?? "", /^[0-9a-z]+-a1f00c41d3b2e001$/);
    await page.waitForFunction(
      () => document.title === "Standard input or output becomes a network connection · Garrison",
    );
    assert.equal(await page.getByRole("region", { name: "Process tree" }).locator("li[aria-current]").count(), 1);
    // A browser without a window has no key for it.
    await page.goBack();
    await details.getByRole("region", { name: "Process tree" }).waitFor();
    assert.equal(page.url(), row);
    await page.getByRole("row", { selected: true }).getByText("A shell obeys somebody").waitFor();
    await page.keyboard.press("Escape");
    await details.waitFor({ state: "detached" });
    await page.close();
  });

  test("runtime policies stand below all boards, and one press leads to them", async (context) => {
    if (!ready(context)) return;
    const page = await stage.page();
    await page.goto(`${stage.url}/policies`);
    await tabTo(page, ".list-bar button");
    await page.keyboard.press("Enter");
    const card = page.getByRole("button", { name: /frontend-protect/ });
    await page.waitForFunction(() => document.activeElement?.id === "runtime-policies");
    const { top, bottom } = await card.evaluate((element) => element.getBoundingClientRect());
    assert.ok(top > 0 && bottom <= 900, `the card is from ${top} to ${bottom}`);
    await tabTo(page, ".runtime-cards button");
    await page.keyboard.press("Enter");
    await page.getByRole("complementary", { name: "Details" }).getByText("Proof:").waitFor();
    await page.close();
  });

  test("no drift is a figure only where a node judges", async (context) => {
    if (!ready(context)) return;
    const page = await stage.page();
    await page.goto(`${stage.url}/baselines`);
    const row = page.getByRole("row").filter({ hasText: "payments" });
    await row.getByText("not known: no node has taken its baseline").waitFor({ state: "attached" });
    await row.locator("[data-column=step]").click();
    await page.getByText("Not known: no node judges by this baseline.").waitFor();
    assert.deepEqual(await axeInBothThemes(page), []);
    await page.close();
  });

  test("where nobody looks no budget is called kept, and an empty board is no all-clear", async (context) => {
    if (!ready(context)) return;
    const page = await stage.page();
    await page.goto(`${stage.url}/detections?tab=noise&q=mock:blind`);
    const budgets = page.getByRole("list", { name: "Noise budgets" });
    await budgets.getByText("Nobody looks").first().waitFor();
    assert.equal(await budgets.getByText("Within budget").count(), 0);
    await page.getByRole("heading", { name: "Nobody looks" }).waitFor();
    assert.deepEqual(await axeInBothThemes(page), []);
    await page.close();
  });

  test("a unit is not said to have containers; a part of Garrison that is away, and a role that may not", async (context) => {
    if (!ready(context)) return;
    const page = await stage.page();
    await page.goto(`${stage.url}/workloads/local/host/SystemdUnit/ssh.service?tab=layers`);
    await page.getByRole("heading", { name: "No container, so nothing is declared for it" }).waitFor();
    await page.getByText('garrison posture --pid "$(systemctl show -P MainPID ssh.service)"').waitFor();
    assert.deepEqual(await axeInBothThemes(page), []);
    for (const [path, title] of [
      ["/baselines?q=mock:forbidden", "Your role does not include this"],
      ["/detections/16rik-a1f00c41d3b2e001?q=mock:unavailable", "A part of Garrison is away"],
    ] as const) {
      await page.goto(`${stage.url}${path}`);
      await page.getByRole("heading", { name: title }).waitFor();
      assert.deepEqual(await axeInBothThemes(page), []);
    }
    await page.close();
  });

  test("on a telephone nothing that matters is off the screen", async (context) => {
    if (!ready(context)) return;
    const page = await stage.page();
    await page.setViewportSize({ width: 390, height: 844 });
    for (const [path, selector] of [
      ["/detections?tab=noise", "[data-column=last24h]"],
      ["/baselines", "[data-column=drift]"],
      ["/workloads/local/shop/Deployment/checkout?tab=layers", "[role=tab][aria-selected=true]"],
      ["/workloads/local/host/SystemdUnit/ssh.service?tab=layers", ".copy-text .button"],
    ] as const) {
      await page.goto(`${stage.url}${path}`);
      await page.locator(selector).first().waitFor();
      const { right } = await page
        .locator(selector)
        .first()
        .evaluate((element) => element.getBoundingClientRect());
      assert.ok(right <= 390, `${selector} of ${path} ends at ${right}`);
    }
    assert.deepEqual(stage.complaints, []);
    await page.close();
  });
});
