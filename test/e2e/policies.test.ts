// Policies in a real browser over the mock: the board by eye and by keyboard, a policy's text with its effect before it is saved, why a flow was denied.
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { skipUnless } from "../support/skip.ts";
import { axeFindings, axeInBothThemes, firstRow, isBuilt, isPresent, openStage, type Stage } from "./console-stage.ts";

const usable = isPresent && isBuilt;
const ordersDb = "/policies/local/kubernetes/NetworkPolicy/shop/orders-db";

function ready(context: TestContext): boolean {
  return (
    skipUnless(context, isPresent, "Chromium (Debian package chromium)") &&
    skipUnless(context, isBuilt, "ui/dist (vite build in ui/)")
  );
}

const tier = (page: Page, name: string) =>
  page.getByRole("region", { name: "Policies of local" }).getByRole("region", { name: `Tier ${name}` });
const editor = (page: Page) => page.getByRole("textbox", { name: "Policy as YAML" });
const impact = (page: Page) => page.getByRole("region", { name: "Impact" });

describe("policies on the mock", () => {
  let stage: Stage;
  before(async () => {
    if (usable) stage = await openStage("light");
  });
  after(async () => {
    if (usable) await stage[Symbol.asyncDispose]();
  });

  async function open(address: string): Promise<Page> {
    const page = await stage.page();
    await page.goto(stage.signInUrl);
    await page.getByRole("navigation", { name: "Main" }).waitFor();
    await page.goto(stage.url + address);
    return page;
  }

  test("tiers stand in order of evaluation, what is staged stands apart, and states say how far a policy is enforced", async (context) => {
    if (!ready(context)) return;
    const page = await open("/policies?cluster=local");
    await tier(page, "default")
      .getByRole("button", { name: /orders-db/ })
      .waitFor();
    const names = await page.getByRole("region", { name: "Policies of local" }).locator(".tier h3").allTextContents();
    assert.deepEqual(names, ["security", "kube-admin", "cilium", "default"]);
    await tier(page, "security").getByText("next tier").waitFor();
    await tier(page, "default").getByText("No rule matched: denied").waitFor();
    const staged = tier(page, "default").getByRole("list", { name: "Staged policies of default" });
    await staged.getByRole("button", { name: /egress-default/ }).waitFor();
    const inForce = tier(page, "default").getByRole("list", { name: /in order of evaluation/ });
    assert.equal(await inForce.getByRole("button", { name: /egress-default/ }).count(), 0);
    await tier(page, "cilium").getByText("refused").waitFor();
    await page.getByRole("searchbox", { name: "Find policies" }).fill("orders");
    await tier(page, "security").getByText("None that the filter shows").waitFor();
    await page.close();
  });

  test("runtime policies stand below: mode, scope, what happened, and per node the promise with its reason", async (context) => {
    if (!ready(context)) return;
    const page = await open("/policies?cluster=local");
    const runtime = page.getByRole("region", { name: "Runtime policies" });
    const card = runtime.getByRole("button", { name: /frontend-protect/ });
    await card.getByText("2 killed, 1 denied").waitFor();
    await card.getByText("Enforced", { exact: true }).waitFor();
    const refused = runtime.getByRole("button", { name: /payments-files/ });
    await refused.getByText("scope not known").waitFor();
    await card.focus();
    await page.keyboard.press("Enter");
    const details = page.getByRole("complementary", { name: "Details" });
    await details.getByText("no workload of this node is in its scope").waitFor();
    await details.getByText("3 rules").first().click();
    await details.getByText("cgroup hook connect4: refused with EPERM").first().waitFor();
    assert.deepEqual(await axeInBothThemes(page, ".details"), []);
    const other = await stage.page();
    await other.goto(page.url());
    await other.getByRole("complementary", { name: "Details" }).getByText("2 killed, 1 denied").waitFor();
    await other.close();
    await page.keyboard.press("Escape");
    await details.waitFor({ state: "detached" });
    await page.goto(`${stage.url}/policies?cluster=demo`);
    await runtime.getByRole("button", { name: /host-modules/ }).waitFor();
    assert.equal(await card.count(), 0, "of another cluster");
    await page.close();
  });

  test("arrow keys walk the cards, and a card's details lead to its page", async (context) => {
    if (!ready(context)) return;
    const page = await open("/policies?cluster=local");
    const first = tier(page, "security").getByRole("button", { name: /quarantine/ });
    await first.focus();
    for (const key of ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown"]) await page.keyboard.press(key);
    const focused = await page.evaluate(() => document.activeElement?.getAttribute("data-card"));
    assert.equal(focused, "kubernetes/NetworkPolicy/shop/frontend");
    await page.keyboard.press("Enter");
    const details = page.getByRole("complementary", { name: "Details" });
    await details.getByText("Judged today").waitFor();
    await page.keyboard.press("Escape");
    await details.waitFor({ state: "detached" });
    await page.keyboard.press("Enter");
    await details.getByRole("link", { name: "Open policy" }).click();
    await page.waitForURL(/\/policies\/local\/kubernetes\/NetworkPolicy\/shop\/frontend/);
    await page.close();
  });

  test("a broken text is marked and cannot be saved; a sound one shows its effect, and is saved only after the question", async (context) => {
    if (!ready(context)) return;
    const page = await open("/policies/new?cluster=local&ns=shop");
    const save = page.getByRole("button", { name: "Save" });
    await impact(page).getByText("newly denied").waitFor();
    await page.getByText("1 object changes").waitFor();
    assert.equal(await save.isEnabled(), true);
    await editor(page).click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("this is: [no yaml");
    await page.getByText("Mend the errors, then save.").waitFor();
    assert.equal(await save.isDisabled(), true);
    await page.keyboard.press("Control+Z");
    await page.getByText("1 object changes").waitFor();
    await save.click();
    const question = page.getByRole("dialog", { name: "Save policies" });
    await question.getByText(/Of [\d,]+ recorded connections|None of/).waitFor();
    await question.getByRole("button", { name: "Save" }).click();
    await page.waitForURL(/\/policies(\?|$)/);
    await page.close();
  });

  test("what the traffic needs is put into the editor with its evidence", async (context) => {
    if (!ready(context)) return;
    const page = await open("/policies/new?cluster=local&ns=shop");
    await page.getByRole("button", { name: "Recommend" }).click();
    await page.getByText(/rules from [\d,]+\s*connections/).click({ position: { x: 8, y: 12 } });
    await page
      .getByText(/connections on \d+ days/)
      .first()
      .waitFor();
    const before = await editor(page).textContent();
    await page.getByRole("button", { name: "Put into the editor" }).click();
    await page.waitForFunction(
      (old) => document.querySelector(".yaml-editor")?.shadowRoot?.querySelector(".cm-content")?.textContent !== old,
      before,
    );
    await page.close();
  });

  test("keys of a manifest are completed from its schema", async (context) => {
    if (!ready(context)) return;
    const page = await open(ordersDb);
    await editor(page).click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("spe");
    await page.getByRole("option", { name: /spec/ }).waitFor();
    await page.close();
  });

  test("nodes show the proof, endpoints and rules stand in words, rules lead to their flows", async (context) => {
    if (!ready(context)) return;
    const page = await open(`${ordersDb}?tab=nodes`);
    await page
      .getByText(/The kernel has exactly these rules/)
      .first()
      .waitFor();
    await page.getByRole("tab", { name: "Endpoints" }).click();
    await firstRow(page, /Endpoints/);
    await page.getByRole("tab", { name: "Rules" }).click();
    await page.getByRole("link", { name: "flows", exact: true }).first().click();
    await page.waitForURL(/\/flows\?q=rule-id%3A\d+/);
    await page.close();
  });

  test("a denied flow says why: what was recorded, and the walk of today", async (context) => {
    if (!ready(context)) return;
    const page = await open("/flows?q=verdict:deny&range=6h");
    await firstRow(page, /Flows/);
    await page.getByRole("grid", { name: /Flows/ }).getByRole("row").nth(2).click();
    const why = page.getByRole("region", { name: "Why" });
    await why.getByText(/Recorded by the (source|destination): deny/).waitFor();
    await why.getByText("Out of the source").waitFor();
    await why.getByText("Into the destination").waitFor();
    await page.close();
  });

  test("a workload's head says its detections above its traffic, and its policies what holds its processes", async (context) => {
    if (!ready(context)) return;
    const page = await open("/workloads/local/shop/Deployment/frontend?tab=policies");
    const head = page.getByRole("region", { name: "About the workload" });
    const critical = head.getByRole("link", { name: /critical/ });
    await critical.waitFor();
    await head.getByRole("group", { name: "Health" }).getByText("Traffic and pods").waitFor();
    const held = page.getByRole("region", { name: "Its processes" });
    await held.getByRole("link", { name: "frontend-protect" }).waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await critical.click();
    await page.waitForURL(/\/detections\?.*severity%3Acritical/);
    await page.close();
  });

  test("the console has nothing to complain about", (context) => {
    if (!ready(context)) return;
    assert.deepEqual(stage.complaints, []);
  });
});
