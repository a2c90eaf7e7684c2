// The service graph in a real browser, on the mock: picture and table say the same, the keyboard walks it, one selection for all panes.
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import type { ServiceGraph } from "../../src/model/graph.ts";
import { skipUnless } from "../support/skip.ts";
import {
  axeFindings,
  axeInBothThemes,
  firstRow,
  isBuilt,
  isPresent,
  openStage,
  sayOnly,
  type Stage,
} from "./console-stage.ts";

const usable = isPresent && isBuilt;
/** Layout runs in a worker, on machines that have other things to do too. */
const waitMsMax = 120_000;

function ready(context: TestContext): boolean {
  return (
    skipUnless(context, isPresent, "Chromium (Debian package chromium)") &&
    skipUnless(context, isBuilt, "ui/dist (vite build in ui/)")
  );
}

async function signedIn(stage: Stage, address: string): Promise<Page> {
  const page = await stage.page();
  page.setDefaultTimeout(waitMsMax);
  await page.goto(stage.signInUrl);
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await page.goto(stage.url + address);
  return page;
}

const card = (page: Page, name: RegExp) => page.locator(".vertex").and(page.getByRole("group", { name }));
const canvasOf = (page: Page) => page.getByRole("application", { name: /Service graph/ });
const details = (page: Page) => page.getByRole("complementary", { name: "Details" });

async function graphOf(page: Page, query: string): Promise<ServiceGraph> {
  const answer = await page.evaluate(async (text) => {
    const response = await fetch(`/api/v1/graph?since=1h&${text}`);
    return (await response.json()) as { graph: unknown };
  }, query);
  return answer.graph as ServiceGraph;
}

/** Every form that the graph has: its address, and what tells that it is there. */
const forms = [
  ["/graph", ".vertex"],
  ["/graph?pick=service/local/shop/checkout", "aside .graph-health"],
  ["/graph?before=1h", ".graph-changes li"],
  ["/graph?as=table", "[role=gridcell]"],
  ["/graph?as=edges", "[role=gridcell]"],
  ["/graph?q=mock:empty", ".state"],
  ["/graph?q=mock:forbidden", ".state"],
  ["/graph?q=mock:large&level=workload&most=2000", ".overview-surface"],
] as const;
const menus = [/^Layers/, /^Compare/, /^Up to/, /^Demo: /, /^Saved views/];
const openedMenu = ".dropdown:has([role=dialog])";

// One test a form: a browser on a slow machine needs its time for each.
describe("the graph is accessible in every form, in both themes", () => {
  let stage: Stage;
  let page: Page;
  before(async () => {
    if (!usable) return;
    stage = await openStage("light");
    page = await signedIn(stage, "/graph");
  });
  after(async () => {
    if (usable) await stage[Symbol.asyncDispose]();
  });

  for (const [address, settled] of forms)
    test(address, async (context) => {
      if (!ready(context)) return;
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto(stage.url + address);
      await page.locator(settled).first().waitFor();
      assert.deepEqual(await axeInBothThemes(page), []);
      assert.deepEqual(stage.complaints, []);
    });

  for (const name of menus)
    test(`the menu ${name.source}`, async (context) => {
      if (!ready(context)) return;
      await page.emulateMedia({ colorScheme: "light" });
      // The page under it is the first form: only what opens is new.
      await page.goto(`${stage.url}/graph`);
      await page.getByRole("button", { name }).click();
      await page.getByRole("dialog").waitFor();
      assert.deepEqual(await axeInBothThemes(page, openedMenu), []);
      assert.deepEqual(stage.complaints, []);
    });
});

describe("the graph on the mock", () => {
  let stage: Stage;
  before(async () => {
    if (usable) stage = await openStage("light");
  });
  after(async () => {
    if (usable) await stage[Symbol.asyncDispose]();
  });

  test("the table has every vertex and edge of the answer", async (context) => {
    if (!ready(context)) return;
    const page = await signedIn(stage, "/graph?as=table");
    await firstRow(page, /Vertices of the graph/);
    const graph = await graphOf(page, "level=service");
    const rows = async (name: RegExp): Promise<number> =>
      Number(await page.getByRole("grid", { name }).getAttribute("aria-rowcount")) - 1;
    assert.equal(await rows(/Vertices/), graph.vertices.length);
    await page.getByRole("button", { name: /^Edges \(/ }).click();
    await firstRow(page, /Edges of the graph/);
    assert.equal(await rows(/Edges of/), graph.edges.length);
    await page.goto(`${stage.url}/graph?level=workload&as=table`);
    await page.getByRole("link", { name: "checkout", exact: true }).first().click();
    await page.waitForURL(/\/workloads\/local\/shop\/Deployment\/checkout/);
    await page.close();
  });

  test("one selection: the picture, the details, and the rows below", async (context) => {
    if (!ready(context)) return;
    const page = await signedIn(stage, "/graph");
    await card(page, /^gateway, service in payments, failing/).click();
    await details(page).getByText("31 % of connections failed").waitFor();
    await page.waitForURL(/pick=/);
    const flows = page.getByRole("region", { name: "Flows of the selection" });
    await flows.getByText("cluster:local ns:payments service:gateway").waitFor();
    await flows.getByRole("gridcell").first().waitFor();
    await details(page)
      .getByRole("button", { name: /^from checkout/ })
      .click();
    await details(page).getByRole("heading", { name: "checkout → gateway" }).waitFor();
    await flows.getByText("from:shop/checkout to:payments/gateway").waitFor();
    await flows.getByRole("gridcell").first().waitFor();
    await sayOnly(flows.locator("[data-column=source] a"), "checkout");
    await sayOnly(flows.locator("[data-column=destination] a"), "gateway");
    const link = page.url();
    const other = await signedIn(stage, new URL(link).pathname + new URL(link).search);
    await details(other).getByRole("heading", { name: "checkout → gateway" }).waitFor();
    await other.close();
    await page.close();
  });

  test("the keyboard walks, chooses, dives in and comes back; what it is on is said", async (context) => {
    if (!ready(context)) return;
    const page = await signedIn(stage, "/graph?level=namespace&cluster=local");
    await card(page, /^shop, namespace/).waitFor();
    const canvas = canvasOf(page);
    await canvas.focus();
    const said = page.locator(".canvas [aria-live=polite]").last();
    await said.getByText(/namespace|outside/).waitFor();
    const seen = new Set([await said.textContent()]);
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft", "ArrowLeft"]) {
      await canvas.press(key);
      seen.add(await said.textContent());
    }
    assert.ok(seen.size >= 3, JSON.stringify([...seen]));
    await canvas.press("/");
    await page.keyboard.type("shop");
    await page.getByText("1 of 1").waitFor();
    await canvas.focus();
    await said.getByText(/^shop, namespace/).waitFor();
    await canvas.press("Space");
    await details(page).getByRole("heading", { name: "shop" }).waitFor();
    await canvas.press("Escape");
    await details(page).waitFor({ state: "detached" });
    await canvas.press("m");
    await page.getByRole("menu", { name: "Acts on shop" }).waitFor();
    assert.deepEqual(await axeFindings(page, { within: "[role=menu]" }), []);
    await page.keyboard.press("Escape");
    await canvas.press("Enter");
    await page.waitForURL(/level=service.*|ns=shop/);
    await card(page, /^checkout, service in shop/).waitFor();
    assert.match(page.url(), /ns=shop/);
    await canvas.focus();
    await canvas.press("Escape");
    await page.waitForURL(/level=namespace/);
    await page.close();
  });

  test("layers hide and dim, what is hidden is said, and the address keeps it", async (context) => {
    if (!ready(context)) return;
    const page = await signedIn(stage, "/graph");
    await card(page, /^coredns/).waitFor();
    await page.getByRole("button", { name: /^Layers/ }).click();
    const layer = page.getByRole("group", { name: /^kube-system/ });
    await layer.getByRole("radio", { name: "Hide" }).check();
    await card(page, /^coredns/).waitFor({ state: "detached" });
    await page.getByText(/2 vertices and \d+ edges are hidden by your layers/).waitFor();
    await layer.getByRole("radio", { name: "Dim" }).check();
    await card(page, /^coredns/).waitFor();
    assert.equal(await card(page, /^coredns/).getAttribute("data-dim"), "true");
    await page.waitForURL(/dim=local%2Fkube-system/);
    await page.close();
  });

  test("a refresh moves nothing; acts of the menu hide and focus", async (context) => {
    if (!ready(context)) return;
    const page = await signedIn(stage, "/graph");
    await card(page, /^checkout/).waitFor();
    const places = (): Promise<Record<string, string>> =>
      page.evaluate(() =>
        Object.fromEntries(
          [...document.querySelectorAll(".react-flow__node-card")].map((node) => [
            node.getAttribute("data-id") ?? "",
            node instanceof HTMLElement ? node.style.transform : "",
          ]),
        ),
      );
    const atFirst = await places();
    await page.waitForResponse(/\/api\/v1\/graph\?/);
    await page.waitForResponse(/\/api\/v1\/graph\?/);
    assert.deepEqual(await places(), atFirst);
    await card(page, /^checkout/).click({ button: "right" });
    await page.getByRole("menuitem", { name: "Hide it" }).click();
    await card(page, /^checkout/).waitFor({ state: "detached" });
    const { "service/local/shop/checkout": gone, ...rest } = atFirst;
    assert.ok(gone !== undefined);
    assert.deepEqual(await places(), rest);
    await card(page, /^gateway/).click({ button: "right" });
    await page.getByRole("menuitem", { name: "Only its neighbours" }).click();
    await page.getByText("Only gateway and who it talks to.").waitFor();
    await card(page, /^cart/).waitFor({ state: "detached" });
    await page.close();
  });

  test("two windows compared: what is new, gone and different is named", async (context) => {
    if (!ready(context)) return;
    const page = await signedIn(stage, "/graph");
    await page.getByRole("button", { name: "Compare with an earlier window" }).click();
    await page.getByRole("button", { name: "With an hour before" }).click();
    const list = details(page);
    await list.getByRole("button", { name: /changed checkout → gateway failed connections 0 % -> 31 %/ }).waitFor();
    await list.getByRole("button", { name: /new nightly-report → files\.example/ }).waitFor();
    await list.getByRole("button", { name: /gone catalog → old-search\.example/ }).click();
    await list.getByRole("heading", { name: "catalog → old-search.example" }).waitFor();
    await page.close();
  });

  test("5,000 endpoints: at every level the parts add up to the whole, and the merged ones open", async (context) => {
    if (!ready(context)) return;
    const page = await signedIn(stage, "/graph?q=mock:large&level=workload&as=table");
    await firstRow(page, /Vertices of the graph/);
    for (const level of ["namespace", "service", "workload", "endpoint"]) {
      for (const most of [120, 2000]) {
        const graph = await graphOf(page, `q=mock:large&level=${level}&verticesMax=${most}`);
        const members = graph.vertices.reduce(
          (sum, { kind, members: count }) => sum + (kind === "more" ? count : 1),
          0,
        );
        assert.equal(members, graph.totals.vertices, `${level} ${most}`);
        assert.equal(
          graph.vertices.reduce((sum, { endpoints = 0 }) => sum + endpoints, 0),
          5000,
          `${level} ${most}`,
        );
      }
    }
    const grid = page.getByRole("grid", { name: /Vertices/ });
    const before = Number(await grid.getAttribute("aria-rowcount"));
    await page.getByRole("searchbox", { name: "Find in the graph" }).fill("more");
    await grid
      .getByText(/^\d+ more$/)
      .first()
      .click();
    await details(page).getByRole("button", { name: "Open them" }).click();
    await page.waitForURL(/open=more/);
    await page.getByRole("searchbox", { name: "Find in the graph" }).fill("");
    await page.waitForFunction(
      (rows) => Number(document.querySelector("[role=grid]")?.getAttribute("aria-rowcount")) > rows,
      before,
    );
    await page.goto(`${stage.url}/graph?q=mock:large&level=endpoint&most=2000`);
    await page.locator(".overview-surface").first().waitFor();
    await page.getByText("2,000 of 5,000 vertices").waitFor();
    await page.close();
  });

  test("without WebGL the overview is drawn on a plain canvas", async (context) => {
    if (!ready(context)) return;
    const page = await stage.page();
    page.setDefaultTimeout(waitMsMax);
    await page.addInitScript(() => {
      // oxlint-disable-next-line typescript/unbound-method -- called with its own canvas below
      const own = HTMLCanvasElement.prototype.getContext;
      const refuse = function (this: HTMLCanvasElement, kind: string, ...rest: unknown[]): unknown {
        return kind.startsWith("webgl") ? null : Reflect.apply(own, this, [kind, ...rest]);
      };
      HTMLCanvasElement.prototype.getContext = refuse as typeof own;
    });
    await page.goto(stage.signInUrl);
    await page.getByRole("navigation", { name: "Main" }).waitFor();
    await page.goto(`${stage.url}/graph?q=mock:large&level=workload&most=2000`);
    await page.locator(".overview[data-renderer=canvas] canvas").waitFor();
    await canvasOf(page).focus();
    await canvasOf(page).press("ArrowRight");
    await canvasOf(page).press("Space");
    await details(page).getByText("What it is").waitFor();
    await page.close();
  });

  test("views are saved, opened and deleted; viewers may only open", async (context) => {
    if (!ready(context)) return;
    const page = await signedIn(stage, "/graph?ns=shop&level=workload&hide=local%2Fpayments");
    const open = () => page.getByRole("button", { name: /^Saved views/ }).click();
    await open();
    await page.getByLabel("Save what is on screen as").fill("Shop, calm");
    await page.getByRole("button", { name: "Save this view" }).click();
    await page.getByText("Saved as shop-calm.").waitFor();
    await page.goto(`${stage.url}/graph`);
    await open();
    await page.getByRole("button", { name: "Shop, calm", exact: true }).click();
    await page.waitForURL(/ns=shop/);
    assert.match(page.url(), /level=workload/);
    assert.match(page.url(), /hide=local%2Fpayments/);
    await page.route("**/api/v1/me", (route) =>
      route.fulfill({ json: { user: "eve", role: "viewer", credential: "session" } }),
    );
    await page.reload();
    await open();
    await page.getByText("Saving views needs the role operator").waitFor();
    assert.equal(
      await page.getByRole("button", { name: "Delete the view Shop, calm" }).getAttribute("aria-disabled"),
      "true",
    );
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: /^Demo: / }).click();
    await page.getByText("Stories are told by operators; your role is viewer.").waitFor();
    assert.ok(await page.getByRole("radio", { name: /Slow payments/ }).isDisabled());
    await page.unroute("**/api/v1/me");
    await page.reload();
    await open();
    await page.getByRole("button", { name: "Delete the view Shop, calm" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await open();
    await page.getByRole("button", { name: "Shop, calm", exact: true }).waitFor({ state: "detached" });
    await page.close();
  });

  test("the demo's stories are switched on and said", async (context) => {
    if (!ready(context)) return;
    const page = await signedIn(stage, "/graph");
    await page.getByRole("button", { name: /^Demo: / }).click();
    await page.getByRole("radio", { name: /Slow payments/ }).click();
    await page.getByRole("button", { name: /slow payments/ }).waitFor();
    await page.getByRole("checkbox", { name: /intruder/ }).click();
    await page.getByRole("button", { name: /attack, slow payments/ }).waitFor();
    await page.getByRole("radio", { name: /^None/ }).click();
    await page.getByRole("checkbox", { name: /intruder/ }).click();
    await page.getByRole("button", { name: /all calm/ }).waitFor();
    await page.close();
  });

  test("nothing complained meanwhile", (context) => {
    if (!ready(context)) return;
    assert.deepEqual(stage.complaints, []);
  });
});
