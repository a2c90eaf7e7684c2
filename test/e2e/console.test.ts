// The console in a real browser, by role and label: every screen, every designed state, keyboard, live lists, both themes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { skipUnless } from "../support/skip.ts";
import { screensOf } from "./console-screens.ts";
import {
  axeFindings,
  axeInBothThemes,
  firstRow as grid,
  go,
  isBuilt,
  isPresent,
  openStage,
  sayOnly,
  type Stage,
} from "./console-stage.ts";

const dist = path.resolve(import.meta.dirname, "../../ui/dist");
const firstScreenBytesMax = 200_000;
const usable = isPresent && isBuilt;

function ready(context: TestContext): boolean {
  return (
    skipUnless(context, isPresent, "Chromium (Debian package chromium)") &&
    skipUnless(context, isBuilt, "ui/dist (vite build in ui/)")
  );
}

describe("every screen is accessible in both themes", () => {
  let stage: Stage;
  let page: Page;
  before(async () => {
    if (!usable) return;
    stage = await openStage("light");
    page = await stage.page();
    await page.goto(stage.signInUrl);
    await page.getByRole("navigation", { name: "Main" }).waitFor();
  });
  after(async () => {
    if (usable) await stage[Symbol.asyncDispose]();
  });

  for (const [index, [name]] of screensOf("").entries())
    test(name === "" ? "/" : name, async (context) => {
      if (!ready(context)) return;
      const screen = screensOf(stage.url)[index];
      assert.ok(screen !== undefined);
      const [address, settled] = screen;
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto(address);
      await settled(page);
      assert.deepEqual(await axeInBothThemes(page), []);
      assert.deepEqual(stage.complaints, [], "no content policy is broken");
    });
});

describe("console on the mock", () => {
  let stage: Stage;
  before(async () => {
    if (usable) stage = await openStage("dark");
  });
  after(async () => {
    if (usable) await stage[Symbol.asyncDispose]();
  });

  /** A page on an address, signed in. */
  async function open(address: string): Promise<Page> {
    const page = await stage.page();
    await page.goto(stage.signInUrl);
    await page.getByRole("navigation", { name: "Main" }).waitFor();
    await page.goto(stage.url + address);
    return page;
  }

  test("without a session the login page says how; the token leaves the address bar", async (context) => {
    if (!ready(context)) return;
    const page = await stage.page();
    await page.goto(`${stage.url}/flows#token=not-the-right-token`);
    await page.getByRole("heading", { name: "Open the console with a link" }).waitFor();
    await page.getByText("used already or has expired").waitFor();
    assert.equal(new URL(page.url()).hash, "");
    assert.deepEqual(await axeFindings(page), []);
    await page.goto(stage.signInUrl);
    await grid(page, /Flows/);
    assert.equal(new URL(page.url()).hash, "");
    await page.close();
  });

  for (const [address, settled] of [
    ["/", (page: Page) => page.getByRole("img", { name: /Flows over time/ }).waitFor()],
    ["/flows", (page: Page) => grid(page, /Flows/)],
  ] as const)
    test(`the first screen stays within its bytes, ${address}`, async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      const loaded = new Set<string>();
      page.on("request", (request) => {
        const { pathname } = new URL(request.url());
        if (pathname.startsWith("/assets/")) loaded.add(pathname);
      });
      await page.goto(stage.signInUrl.replace("/flows#", `${address}#`));
      await settled(page);
      const files = await Promise.all([...loaded].map((file) => readFile(path.join(dist, file))));
      const bytes = files.reduce((sum, file) => sum + gzipSync(file).length, 0);
      context.diagnostic(`first screen: ${loaded.size} files, ${bytes} bytes gzipped`);
      assert.ok(bytes > 50_000 && bytes <= firstScreenBytesMax, `${bytes} bytes`);
      await page.close();
    });

  test("rows arrive live, never move under the pointer, and wait while paused", async (context) => {
    if (!ready(context)) return;
    const page = await open("/flows");
    await grid(page, /Flows/);
    await page.mouse.move(5, 5);
    const first = page.getByRole("row").nth(1);
    const before = await first.textContent();
    await page.waitForFunction((text) => document.querySelectorAll("[role=row]")[1]?.textContent !== text, before);
    await first.hover();
    const held = await first.textContent();
    await page.getByRole("button", { name: / new$/ }).waitFor();
    assert.equal(await first.textContent(), held);
    await page.mouse.move(5, 5);
    await page.waitForFunction((text) => document.querySelectorAll("[role=row]")[1]?.textContent !== text, held);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("Paused", { exact: true }).waitFor();
    const paused = await first.textContent();
    await page.getByRole("button", { name: / new$/ }).waitFor();
    assert.equal(await first.textContent(), paused);
    assert.match(page.url(), /paused=1/);
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByText(/^Live/).waitFor();
    await page.close();
  });

  test("the keyboard walks, opens, closes, goes", async (context) => {
    if (!ready(context)) return;
    const page = await open("/flows");
    await grid(page, /Flows/);
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    assert.equal(await page.locator("[role=row][aria-selected=true]").getAttribute("aria-rowindex"), "2");
    await page.keyboard.press("Enter");
    const details = page.getByRole("complementary", { name: "Details" });
    await details.waitFor();
    for (const group of ["When and where", "Source", "Destination", "Connections", "Related"])
      await details.getByRole("heading", { name: group, exact: true }).waitFor();
    assert.deepEqual(await axeFindings(page, { within: ".details" }), []);
    await page.keyboard.press("Escape");
    await details.waitFor({ state: "detached" });
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    assert.deepEqual(await axeFindings(page, { within: "dialog" }), []);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await go(page, "e", "/events");
    await grid(page, /Events/);
    await page.close();
  });

  test("an open row is in the URL: the link opens it again, a changed filter closes it", async (context) => {
    if (!ready(context)) return;
    const page = await open("/flows?paused=1");
    await grid(page, /Flows/);
    await page.locator("[data-column=verdict]").nth(3).click();
    const details = page.getByRole("complementary", { name: "Details" });
    const title = await details.getByRole("heading", { level: 2 }).textContent();
    await page.waitForURL(/row=\d{4}-/);
    const link = page.url();
    const other = await stage.page();
    await other.goto(link);
    await other.getByRole("complementary", { name: "Details" }).waitFor();
    const again = other.getByRole("complementary").getByRole("heading", { level: 2 });
    assert.equal(await again.textContent(), title);
    await other.getByRole("button", { name: "Close details (Esc)" }).click();
    await other.waitForURL((url) => !url.searchParams.has("row"));
    await other.goto(link.replace(/row=[^&]+/, "row=2020-01-01T00:00:00.000Z~none"));
    await other.getByText("The row of this link is not kept any more").waitFor();
    await other.close();
    await page.getByRole("combobox", { name: "Filter" }).fill("verdict:deny");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    await details.waitFor({ state: "detached" });
    await page.waitForURL((url) => !url.searchParams.has("row"));
    await page.close();
  });

  test("the filter completes from hints, lives in the URL, and shows where it is wrong", async (context) => {
    if (!ready(context)) return;
    const page = await open("/flows");
    await grid(page, /Flows/);
    await page.keyboard.press("/");
    const bar = page.getByRole("combobox", { name: "Filter" });
    await page.keyboard.type("verd");
    await page.getByRole("option", { name: /^verdict:/ }).waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await page.keyboard.press("Tab");
    await page.getByRole("option", { name: /^deny/ }).waitFor();
    await page.keyboard.type("de");
    await page.getByRole("option", { name: /^allow/ }).waitFor({ state: "detached" });
    await page.keyboard.press("Tab");
    assert.equal(await bar.inputValue(), "verdict:deny ");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=verdict%3Adeny/);
    await grid(page, /Flows/);
    await sayOnly(page.locator("[data-column=verdict] b"), "deny", 5);
    await bar.fill("ns:shop verdcit:deny");
    await bar.press("Enter");
    await page.getByText("Character 9:").waitFor();
    // With nothing typed Tab goes on: hints do not hold the keyboard.
    await bar.fill("");
    await page.getByRole("option", { name: /^verdict:/ }).waitFor();
    await bar.press("Tab");
    assert.equal(await bar.evaluate((input) => input === document.activeElement), false);
    await page.close();
  });

  test("dragging on the timeline chooses the window; scope and range are in the URL", async (context) => {
    if (!ready(context)) return;
    const page = await open("/flows?ns=shop");
    await grid(page, /Flows/);
    await page.getByRole("button", { name: "Namespace: shop" }).waitFor();
    const chart = page.getByRole("img", { name: /Flows over time/ });
    const box = await chart.boundingBox();
    assert.ok(box !== null);
    await page.mouse.move(box.x + box.width * 0.4, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + 30, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/range=\d{4}-/);
    await page.getByText("Fixed window").waitFor();
    await grid(page, /Flows/);
    await page.getByRole("button", { name: /^Time range/ }).click();
    assert.deepEqual(await axeFindings(page, { within: ".dropdown:has([role=dialog])" }), []);
    await page.getByRole("button", { name: "Last 15 minutes" }).click();
    await page.waitForURL(/range=15m/);
    assert.match(page.url(), /ns=shop/);
    await page.close();
  });

  test("every designed state says what to do", async (context) => {
    if (!ready(context)) return;
    const page = await open("/flows");
    for (const [address, text] of [
      ["/flows?q=mock:empty", "Nothing matches this filter"],
      ["/flows?q=mock:unavailable", "A part of Garrison is away"],
      ["/flows?q=mock:forbidden", "Ask an admin for a role."],
      ["/flows?q=mock:partial", "Partial: the query reached its limit of 2 s"],
      ["/flows?range=6h", "Data is missing in this window"],
      ["/workloads/local/shop/Deployment/nobody", "Choose a longer time range"],
      ["/workloads/local/shop/Gadget/x", "is not a kind of workload"],
      ["/health", "something is missing"],
      ["/flows?q=mock:young", /nothing kept before \d/],
      ["/workloads?q=mock:young", /^Nothing kept before \d/],
    ] as const) {
      await page.goto(stage.url + address);
      await page.getByText(text).first().waitFor();
    }
    await page.goto(`${stage.url}/events?q=mock:slow`);
    await page.getByRole("status", { name: "Loading rows" }).waitFor();
    await page.close();
  });

  test("long lists stay small in the page and load on as one scrolls", async (context) => {
    if (!ready(context)) return;
    const page = await open("/flows?paused=1");
    await grid(page, /Flows/);
    const list = page.getByRole("grid", { name: /Flows/ });
    const count = async (): Promise<number> => Number(await list.getAttribute("aria-rowcount"));
    // Live rows may be there before the first page is.
    await page.waitForFunction(
      () => Number(document.querySelector("[role=grid]")?.getAttribute("aria-rowcount")) >= 500,
    );
    const atFirst = await count();
    await page.keyboard.press("End");
    await page.waitForFunction(
      (before) => Number(document.querySelector("[role=grid]")?.getAttribute("aria-rowcount")) > before,
      atFirst,
    );
    assert.ok((await page.getByRole("row").count()) < 120);
    await page.close();
  });

  test("the palette leads to a workload; its tree folds and its secrets are not shown", async (context) => {
    if (!ready(context)) return;
    const page = await open("/flows");
    await grid(page, /Flows/);
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: /Search screens/ }).fill("checkout");
    await page.getByRole("option", { name: /checkout Deployment/ }).waitFor();
    assert.deepEqual(await axeFindings(page, { within: "dialog" }), []);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/workloads\/local\/shop\/Deployment\/checkout/);
    await page.getByRole("tab", { name: "Processes" }).click();
    await grid(page, /Processes/);
    await page.getByText("token flag").first().waitFor();
    assert.equal(await page.getByText("‹redacted").count(), 0);
    const rows = await page.getByRole("row").count();
    await page.getByRole("button", { name: /^Collapse sh/ }).click();
    await page.waitForFunction((before) => document.querySelectorAll("[role=row]").length === before - 2, rows);
    await page.getByText("ended, 1 badly").waitFor();
    await page.getByRole("button", { name: "Expand 4 × cat that ended" }).click();
    await page.waitForFunction((before) => document.querySelectorAll("[role=row]").length === before + 2, rows);
    await page.getByRole("tab", { name: "DNS" }).click();
    await page.getByText("NXDOMAIN").first().waitFor();
    await page.close();
  });

  test("the theme is saved; a session that ends shows the login page", async (context) => {
    if (!ready(context)) return;
    const page = await open("/health");
    await page.getByRole("heading", { name: "Agents" }).waitFor();
    await page.getByRole("button", { name: /Change to: light/ }).click();
    await page.reload();
    await page.getByRole("button", { name: /Theme: light/ }).waitFor();
    const scheme = await page.evaluate(() => document.documentElement.dataset["scheme"]);
    assert.equal(scheme, "light");
    await page.getByRole("button", { name: "Make a join token" }).click();
    await page.getByText("garrison run agent --join-token gj1.").waitFor();
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("heading", { name: "Open the console with a link" }).waitFor();
    await page.close();
  });

  test("tokens are made, shown once and taken back; an agent is revoked; each asks first", async (context) => {
    if (!ready(context)) return;
    const page = await open("/health");
    await page.getByRole("button", { name: "Make a join token" }).click();
    await page.getByText(/--server-address 127\.0\.0\.1:8687/).waitFor();
    await page
      .getByRole("button", { name: /^Withdraw join token/ })
      .first()
      .click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("No further agent can join").waitFor();
    assert.deepEqual(await axeFindings(page, { within: "dialog" }), []);
    await dialog.getByRole("button", { name: "Withdraw" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByLabel("Name").fill("dashboards");
    await page.getByLabel("Role").selectOption("operator");
    await page.getByRole("button", { name: "Make an API token" }).click();
    await page.getByText(/^gt1\.mock/).waitFor();
    await page.getByText("(operator) of admin").waitFor();
    await page.getByRole("button", { name: "Revoke API token dashboards" }).click();
    await dialog.getByRole("button", { name: "Revoke" }).click();
    await page.getByText("(operator) of admin").waitFor({ state: "detached" });
    assert.equal(await page.getByText(/^gt1\.mock/).count(), 0);
    await page.getByRole("button", { name: "Revoke worker-3" }).click();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Revoke worker-3" }).click();
    await dialog.getByText("is not observed from then on").waitFor();
    await dialog.getByRole("button", { name: "Revoke the agent" }).click();
    await page.getByRole("button", { name: "Revoke worker-3" }).waitFor({ state: "detached" });
    await page.getByText("applied 3/4").waitFor();
    await page.close();
  });

  test("a server that goes away is said, what was shown stays; when it is back the list goes on", async (context) => {
    if (!ready(context)) return;
    const page = await open("/flows");
    await grid(page, /Flows/);
    await page.getByText(/^Live/).waitFor();
    await page.mouse.move(5, 5);
    const start = await stage.outage();
    await page.getByText(/^Line lost/).waitFor();
    assert.ok((await page.getByRole("row").count()) > 10);
    const last = await page.getByRole("row").nth(1).textContent();
    await start();
    await page.getByText(/^Live/).waitFor();
    await page.waitForFunction((text) => document.querySelectorAll("[role=row]")[1]?.textContent !== text, last);
    const fresh = await open("/health");
    await fresh.getByRole("heading", { name: "Agents" }).waitFor();
    const startAgain = await stage.outage();
    await fresh.getByText(/^Stale: The Garrison server does not answer/).waitFor();
    await startAgain();
    await fresh.getByText(/^Stale:/).waitFor({ state: "detached" });
    await fresh.close();
    await page.close();
  });

  test("nothing complained meanwhile", (context) => {
    if (!ready(context)) return;
    assert.deepEqual(stage.complaints, []);
  });
});
