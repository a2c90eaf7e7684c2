// Overview, clusters and the workload page in a real browser over the mock: what needs a person, what is not known, as of a time, by keyboard.
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { skipUnless } from "../support/skip.ts";
import { axeFindings, firstRow, go, isBuilt, isPresent, openStage, sayOnly, type Stage } from "./console-stage.ts";

const usable = isPresent && isBuilt;

function ready(context: TestContext): boolean {
  return (
    skipUnless(context, isPresent, "Chromium (Debian package chromium)") &&
    skipUnless(context, isBuilt, "ui/dist (vite build in ui/)")
  );
}

describe("overview, clusters, workloads on the mock", () => {
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

  test("the console begins with what needs one, and each thing leads to its evidence", async (context) => {
    if (!ready(context)) return;
    const page = await open("/?range=6h");
    await page.waitForURL(/\/overview\?range=6h/);
    await page.getByRole("heading", { name: "6 things need you, 3 of them urgent" }).waitFor();
    const list = page.getByRole("list", { name: "What needs you" });
    assert.equal(await list.getByRole("listitem").count(), 6);
    assert.match((await list.getByRole("listitem").first().textContent()) ?? "", /^critical/);
    await page
      .getByRole("region", { name: "What could not be looked at" })
      .getByText("refuses the credential")
      .waitFor();
    await list.getByRole("link", { name: "nightly-report cannot reach orders-db" }).click();
    await page.waitForURL(/\/flows\?q=from.*range=6h/);
    await firstRow(page, /Flows/);
    await page.goBack();
    await list.getByRole("link", { name: "cart", exact: true }).click();
    await page.waitForURL(/\/workloads\/local\/shop\/Deployment\/cart/);
    await page.close();
  });

  test("an empty list gives the all-clear only when all was looked at", async (context) => {
    if (!ready(context)) return;
    const page = await open("/overview?q=mock:calm");
    await page.getByRole("heading", { name: "Nothing needs you now" }).waitFor();
    await page.getByText("All was looked at").waitFor();
    await page.goto(`${stage.url}/overview?q=mock:blind`);
    await page.getByRole("heading", { name: /not everything was looked at/ }).waitFor();
    assert.equal(await page.getByText("All was looked at").count(), 0);
    await page.goto(`${stage.url}/overview?q=mock:forbidden`);
    await page.getByText("Your role does not include this").waitFor();
    await page.goto(`${stage.url}/overview?q=mock:unavailable`);
    await page.getByText("A part of Garrison is away").waitFor();
    await page.close();
  });

  test("coverage counts what is known and names the clusters of which nothing is", async (context) => {
    if (!ready(context)) return;
    const page = await open("/overview");
    const coverage = page.getByRole("region", { name: "Coverage" });
    await coverage.getByText("2 of 4").waitFor();
    await coverage.getByText("batch, warehouse").waitFor();
    const demo = page.getByRole("article", { name: "Cluster demo" });
    await demo.getByText("demo", { exact: true }).nth(1).waitFor();
    const refused = page.getByRole("article", { name: "Cluster batch" });
    await refused.getByText("pods not known").waitFor();
    await page.close();
  });

  test("clusters by keyboard: list, one cluster, its tabs, a node's details", async (context) => {
    if (!ready(context)) return;
    const page = await open("/overview");
    await page.getByRole("heading", { name: "Coverage" }).waitFor();
    await go(page, "c", "/clusters");
    await firstRow(page, /Clusters/);
    for (const key of ["j", "j", "j", "j", "Enter"]) await page.keyboard.press(key);
    await page.waitForURL(/\/clusters\/local/);
    await firstRow(page, /Nodes/);
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    const details = page.getByRole("complementary", { name: "Details" });
    await details.getByText("Kubernetes does not know this node").waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await page.keyboard.press("Escape");
    await details.waitFor({ state: "detached" });
    await page.getByRole("tab", { name: "Nodes" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.waitForURL(/tab=workloads/);
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Workloads");
    await page.keyboard.press("End");
    await firstRow(page, /Namespaces/);
    await page.close();
  });

  test("a cluster says what is not read and what to do; a stale and an unknown one say so", async (context) => {
    if (!ready(context)) return;
    const page = await open("/clusters/local");
    await page.getByRole("button", { name: "Why, and what to do" }).click();
    await page.getByText("Allow Garrison to list and watch it").waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await page.goto(`${stage.url}/clusters/edge-berlin`);
    await page.getByText("No change and no bookmark for 7 min").waitFor();
    await page.getByText("1 h ahead").waitFor();
    await page.goto(`${stage.url}/clusters/nowhere`);
    await page.getByText('There is no cluster "nowhere"').waitFor();
    await page.goto(`${stage.url}/clusters/demo`);
    await page.getByTitle("A demonstration: nothing in this cluster is real").waitFor();
    await page.close();
  });

  test("objects are shown as of the window's end, within a namespace, and lead to their workload", async (context) => {
    if (!ready(context)) return;
    const page = await open("/clusters/local?tab=pods&ns=payments");
    await firstRow(page, /Pods/);
    await page.getByText("pods in namespace payments · now").waitFor();
    const names = await page.locator("[data-column=workload] a").allTextContents();
    assert.ok(names.length > 0 && names.every((name) => name === "gateway" || name === "ledger"), names.join());
    const until = new Date(Date.now() - 3_600_000).toISOString();
    const since = new Date(Date.now() - 7_200_000).toISOString();
    await page.goto(`${stage.url}/clusters/local?tab=pods&range=${since}..${until}`);
    await page.getByText(/27 pods · as of \d{4}-/).waitFor();
    await page.goto(`${stage.url}/clusters/local?tab=pods&range=2020-01-01T00:00:00Z..2020-01-01T01:00:00Z`);
    await page.getByText("nothing is known of that time").waitFor();
    await page.getByText("Whether there are pods is not known").waitFor();
    await page.goto(`${stage.url}/clusters/local?tab=pods`);
    await page.locator("[data-column=workload] a").first().click();
    await page.waitForURL(/\/workloads\/local\/shop\/Deployment\/cart/);
    await page.close();
  });

  test("a workload's page: health with reasons, one timeline with kinds, neighbours that lead on", async (context) => {
    if (!ready(context)) return;
    const page = await open("/workloads/local/shop/Deployment/cart");
    await firstRow(page, /Timeline of cart/);
    const health = page.getByRole("group", { name: "Health" });
    await health.getByText("1 of 3 pods is not ready: CrashLoopBackOff, 14 restarts").waitFor();
    await page.getByRole("button", { name: "Change", exact: true }).click();
    await page.waitForURL(/kinds=inventory/);
    await firstRow(page, /Timeline of cart/);
    await sayOnly(page.locator("[data-column=kind]"), "Change");
    await page.locator("[data-column=what]").first().click();
    const details = page.getByRole("complementary", { name: "Details" });
    await details.getByText("The object then").waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.getByRole("region", { name: "It talks to" }).getByRole("link", { name: "session-cache" }).click();
    await page.waitForURL(/StatefulSet\/session-cache/);
    await page.close();
  });

  test("pods of a workload: ended ones too, ends and digests, variables by name only", async (context) => {
    if (!ready(context)) return;
    const page = await open("/workloads/local/shop/Deployment/cart?tab=pods");
    await firstRow(page, /Pods/);
    const rows = await page.getByRole("row").allTextContents();
    assert.equal(rows.filter((row) => row.includes("gone")).length, 2);
    const sick = rows.find((row) => row.includes("CrashLoopBackOff")) ?? "";
    assert.match(sick, /OOMKilled.*sha256:/);
    await page.getByText("CrashLoopBackOff", { exact: true }).click();
    const details = page.getByRole("complementary", { name: "Details" });
    await details.getByText("DATABASE_PASSWORD").waitFor();
    await details.getByText("secret orders-db").waitFor();
    await details.getByText("a value in the object, not read").waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await page.goto(`${stage.url}/workloads/local/host/SystemdUnit/nginx.service?tab=pods`);
    await firstRow(page, /Timeline of nginx.service/);
    assert.equal(await page.getByRole("tab", { name: "Pods" }).count(), 0);
    await page.close();
  });

  test("the demo is named in the scope picker and on the workload's page", async (context) => {
    if (!ready(context)) return;
    const page = await open("/flows");
    await firstRow(page, /Flows/);
    await page.getByRole("button", { name: /^Cluster:/ }).click();
    await page.getByRole("button", { name: "demo demo" }).click();
    await page.waitForURL(/cluster=demo/);
    await page.getByRole("button", { name: "Cluster: demo" }).getByText("demo (demo)").waitFor();
    await page.goto(`${stage.url}/workloads/demo/web/Deployment/storefront`);
    await page.getByTitle("A demonstration: nothing in this cluster is real").waitFor();
    await page.close();
  });

  test("nothing complained meanwhile", (context) => {
    if (!ready(context)) return;
    assert.deepEqual(stage.complaints, []);
  });
});
