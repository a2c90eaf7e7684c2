// Detections in a real browser on the mock: from the list to evidence, tree and control, to a mark; rules; noise to an exception with its impact; a workload's layers.
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
  describe(`detections, ${scheme}`, () => {
    let stage: Stage;
    before(async () => {
      if (!usable) return;
      stage = await openSignedIn(scheme);
    });
    after(async () => {
      if (usable) await stage[Symbol.asyncDispose]();
    });

    test("a detection shows evidence in order, its tree with deeds, the receipt; a control is staged; a mark is kept", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      await page.goto(`${stage.url}/detections`);
      await firstRow(page, /Detections/);
      await page.getByText(/Not all is looked at: 2 nodes of 5 do not detect/).waitFor();
      await page.locator("[data-column=what]", { hasText: "A shell obeys somebody" }).click();
      const details = page.getByRole("complementary", { name: "Details" });
      await details.getByText("kernel: SIGKILL at exec of /usr/bin/nc, plane kill").waitFor();
      const kinds = await details
        .getByRole("region", { name: "Evidence" })
        .getByRole("listitem")
        .locator("b")
        .allInnerTexts();
      assert.deepEqual(kinds, ["exec", "connect", "dup2", "exec"]);
      const tree = details.getByRole("region", { name: "Process tree" });
      assert.deepEqual(await tree.locator(".tree-process > b").allInnerTexts(), ["npm", "node", "sh", "id", "nc"]);
      await tree.getByText("connects 192.0.2.77:4444").first().waitFor();
      assert.deepEqual(await axeFindings(page), []);
      await details.getByRole("button", { name: "Stage as dry run…" }).click();
      const written = page.waitForRequest(
        (request) => request.method() === "PUT" && request.url().includes("/resources/RuntimePolicy/"),
      );
      await page.getByRole("dialog").getByRole("button", { name: "Stage", exact: true }).click();
      const body = (await written).postDataJSON() as { scope: string; spec: { mode: string } };
      assert.deepEqual([body.scope, body.spec.mode], ["cluster/local", "dry-run"], "what is staged blocks nothing");
      await details.getByRole("button", { name: "Staged" }).waitFor();
      await details.getByRole("button", { name: "Real" }).click();
      await details.getByRole("button", { name: "Real", pressed: true }).waitFor();
      await page.locator(".detection-mark[data-mark=real]").first().waitFor();
      await details.getByRole("link", { name: "Open" }).click();
      await page.waitForURL(/\/detections\/[0-9a-z]+-a1f00c41d3b2e001/);
      await page.getByRole("region", { name: "Suggested control" }).waitFor();
      assert.deepEqual(await axeFindings(page), []);
      // The mark is the mock's from now on: the next theme begins without it.
      await page.getByRole("button", { name: "Real", pressed: true }).click();
      await page.getByRole("button", { name: "Real", pressed: false }).waitFor();
    });

    test("from a detection one goes on: a severity chosen, evidence copied, its own process in the tree of the workload", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      await page.goto(`${stage.url}/detections`);
      await firstRow(page, /Detections/);
      await page.getByRole("button", { name: /Critical$/ }).click();
      await page.waitForURL(/q=severity%3Acritical/);
      await page.getByRole("button", { name: /Critical$/, pressed: true }).waitFor();
      await page.locator("[data-column=what]", { hasText: "A shell obeys somebody" }).click();
      const details = page.getByRole("complementary", { name: "Details" });
      await details.getByRole("button", { name: "Copy evidence" }).click();
      await details.getByRole("button", { name: "Copied" }).waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(copied, /^Critical: A shell obeys somebody at 192\.0\.2\.77 \(Killed\)\n[^]*\nEvidence\n {2}1\. /);
      const further = details.getByRole("region", { name: "Look further" });
      await further.getByRole("link", { name: "Who else talks to 192.0.2.77:4444" }).waitFor();
      await further.getByRole("link", { name: "Processes" }).click();
      await page.waitForURL(/\/workloads\/local\/shop\/Deployment\/frontend\?.*row=pid-4004/);
      await page.close();
    });

    test("rows are walked and opened by keys; a filter and the choice are in the address", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      await page.goto(`${stage.url}/detections?q=severity:critical,high`);
      await firstRow(page, /Detections/);
      assert.equal(await page.getByRole("row").count(), 4, "three and the head");
      await page.getByRole("grid", { name: /Detections/ }).focus();
      await page.keyboard.press("j");
      await page.keyboard.press("Enter");
      await page.waitForURL(/pick=/);
      await page.getByRole("complementary", { name: "Details" }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("complementary", { name: "Details" }).waitFor({ state: "detached" });
      assert.equal(new URL(page.url()).searchParams.get("q"), "severity:critical,high");
    });

    test("nobody looks, not all look, all look: three different silences", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      for (const [sentinel, title] of [
        ["blind", "Nobody looks"],
        ["empty", "Nothing matches this filter"],
      ] as const) {
        await page.goto(`${stage.url}/detections?q=mock:${sentinel}`);
        await page.getByRole("heading", { name: title }).waitFor();
      }
      assert.deepEqual(await axeFindings(page), []);
    });

    test("rules: blind and refused first, each with why", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      await page.goto(`${stage.url}/detections?tab=rules`);
      await firstRow(page, /Rules/);
      const states = await page.locator("[data-column=state]").allInnerTexts();
      assert.deepEqual(states.slice(0, 3), ["Refused", "Blind", "Blind"]);
      await page.locator("[data-column=rule]", { hasText: "BPF program is loaded" }).click();
      const details = page.getByRole("complementary", { name: "Details" });
      await details.getByText("worker-1 blind: event type bpf does not arrive here").waitFor();
      assert.deepEqual(await axeFindings(page), []);
    });

    test("noise: over budget, the narrowest exception with its impact, applied as a resource", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      await page.goto(`${stage.url}/detections?tab=noise`);
      await firstRow(page, /Noise/);
      await page.getByText("Over budget").waitFor();
      // The browser colours the bar by where it is good: at few, however far over the budget it is.
      const bar = page.getByRole("meter", { name: /Detections of local/ });
      assert.equal(await bar.evaluate((meter: HTMLMeterElement) => meter.optimum), 0);
      await page.locator("[data-column=rule]", { hasText: "Shell started by a server program" }).click();
      const details = page.getByRole("complementary", { name: "Details" });
      await details.getByText(/No exception is suggested: every exception would hide/).waitFor();
      await page.locator("[data-column=rule]", { hasText: "Sensitive file is read" }).click();
      await details.getByText(/Ends 301 of 304 on this workload. Of all 331/).waitFor();
      await details.getByText(/Also on monitoring\/node-exporter-edge \(4\)/).waitFor();
      assert.deepEqual(await axeFindings(page), []);
      await details.getByRole("button", { name: "Apply…" }).click();
      const written = page.waitForRequest(
        (request) => request.method() === "PUT" && request.url().includes("/resources/DetectionRules/"),
      );
      await page.getByRole("dialog").getByRole("button", { name: "Apply", exact: true }).click();
      const body = (await written).postDataJSON() as { spec: { format: string; text: string } };
      assert.equal(body.spec.format, "falco");
      assert.match(body.spec.text, /exceptions: append/);
      await details.getByRole("button", { name: "Applied" }).waitFor();
    });

    test("a workload's layers: declared, effective, used, with findings; a profile is written", async (context) => {
      if (!ready(context)) return;
      const page = await stage.page();
      await page.goto(`${stage.url}/workloads/local/shop/Deployment/checkout?tab=layers`);
      const table = page.getByRole("table", { name: "Layers" });
      await table.getByRole("rowheader", { name: "Seccomp", exact: true }).waitFor();
      await page.getByText("Seccomp is declared, and none is loaded").waitFor();
      assert.deepEqual(await axeFindings(page), []);
      await page.getByRole("button", { name: "log-shipper" }).click();
      await page.getByText("no agent looked at it in this window").first().waitFor();
      await page.getByRole("button", { name: "Write a profile…" }).click();
      const details = page.getByRole("complementary", { name: "Details" });
      await details.getByText(/SCMP_ACT_LOG/).waitFor();
      await details.getByRole("button", { name: "Enforce" }).click();
      await details.getByText(/SCMP_ACT_ERRNO/).waitFor();
      assert.deepEqual(await axeFindings(page), []);
      assert.deepEqual(stage.complaints, []);
    });
  });
}
