// The newcomer's first minutes against the real thing: start, open a connection, find it in the console with its process,
// stop, start again, and it is still there. Every screen of the running server is accessible in both themes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { skipUnless } from "../support/skip.ts";
import { startUp, type RunningUp } from "../support/running-up.ts";
import { axeFindings, firstRow, isBuilt, isPresent, openStage, type Stage } from "./console-stage.ts";

const usable = isPresent && isBuilt;
/** Short enough for the kernel's 15 bytes of a process name. */
const clientName = `newcomer-${process.pid}`.slice(0, 15);

function ready(context: TestContext): boolean {
  return (
    skipUnless(context, isPresent, "Chromium (Debian package chromium)") &&
    skipUnless(context, isBuilt, "ui/dist (vite build in ui/)")
  );
}

/** With GARRISON_TEST_IMAGES=<folder> people can look at what the browser showed. */
async function saveImage(page: Page, name: string): Promise<void> {
  const folder = process.env["GARRISON_TEST_IMAGES"];
  if (folder !== undefined) await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

/** A client with a name of its own holds connections to a server of this process, a new one every few seconds. */
async function connecting(folder: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", () => socket.write("welcome\n"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const program = path.join(folder, clientName);
  await copyFile("/bin/bash", program);
  await chmod(program, 0o755);
  const loop = `while :; do exec 3<>/dev/tcp/127.0.0.1/${port}; echo hello >&3; read -r line <&3; read -r -t 3 line <&3; exec 3>&-; done`;
  const child = spawn(program, ["-c", loop, "newcomer", "--password=open-sesame"], { stdio: "ignore" });
  return {
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      server.close();
    },
  };
}

describe("a newcomer", () => {
  let folder: string;
  let up: RunningUp;
  before(async () => {
    if (!usable) return;
    folder = await mkdtemp(path.join(os.tmpdir(), "garrison-newcomer-"));
    up = await startUp(path.join(folder, "data"));
  });
  after(async () => {
    if (!usable) return;
    await up[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function signedIn(scheme: "light" | "dark"): Promise<Stage> {
    return await openStage(scheme, await up.signInUrl());
  }

  test("sees an own connection with its process, from Flows to the tree of the workload", async (context) => {
    if (!ready(context)) return;
    await using client = await connecting(folder);
    await using stage = await signedIn("light");
    const page = await stage.page();
    await page.goto(stage.signInUrl);
    // What comes first is what needs one; the traffic is one click on.
    await page.getByRole("heading", { name: "Coverage" }).waitFor();
    await page.getByRole("link", { name: "Flows" }).click();
    await page.getByRole("grid", { name: /Flows/ }).waitFor();
    await page.getByRole("combobox", { name: "Filter" }).fill(`process:${clientName}`);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Enter");
    await firstRow(page, /Flows/);
    await page.locator("[data-column=process]").first().click();
    const details = page.getByRole("complementary", { name: "Details" });
    await details.getByText(clientName).first().waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await saveImage(page, "newcomer-flow");
    await details.getByRole("link", { name: "This process in the tree of its workload" }).click();
    await firstRow(page, /Processes/);
    await page.getByRole("treegrid").getByText(clientName, { exact: true }).first().waitFor();
    await page.locator("[role=row][aria-selected=true]").getByText(clientName, { exact: true }).waitFor();
    assert.equal(await page.getByText("open-sesame").count(), 0, "secrets of arguments are not shown");
    await saveImage(page, "newcomer-processes");
    assert.deepEqual(stage.complaints, []);
    void client;
  });

  for (const scheme of ["light", "dark"] as const)
    test(`every screen is accessible and breaks no content policy, ${scheme}`, async (context) => {
      if (!ready(context)) return;
      await using stage = await signedIn(scheme);
      const page = await stage.page();
      await page.goto(stage.signInUrl);
      await page.getByRole("heading", { name: "Coverage" }).waitFor();
      await saveImage(page, `overview-${scheme}`);
      assert.deepEqual(await axeFindings(page), [], "overview");
      for (const [name, address] of [
        ["Flows", "/flows"],
        ["Clusters", "/clusters"],
        ["Events", "/events"],
        ["Workloads", "/workloads"],
      ] as const) {
        await page.goto(stage.url + address);
        await firstRow(page, new RegExp(name));
        assert.deepEqual(await axeFindings(page), [], name);
      }
      await page.goto(`${stage.url}/health`);
      await page.getByRole("heading", { name: "Agents" }).waitFor();
      await page.getByRole("button", { name: "Make a join token" }).click();
      const door = await page.getByText(/--server-address 127\.0\.0\.1:\d+/).textContent();
      assert.doesNotMatch(door ?? "", /:8687$/, "the door's own port, not the usual one");
      await saveImage(page, `health-${scheme}`);
      assert.deepEqual(await axeFindings(page), [], "health");
      assert.deepEqual(stage.complaints, []);
    });

  test("stops, starts again, and the history is still there", async (context) => {
    if (!ready(context)) return;
    await up[Symbol.asyncDispose]();
    up = await startUp(path.join(folder, "data"));
    await using stage = await signedIn("light");
    const page = await stage.page();
    await page.goto(stage.signInUrl);
    await page.getByRole("navigation", { name: "Main" }).waitFor();
    await page.goto(`${stage.url}/flows?q=process:${clientName}`);
    await firstRow(page, /Flows/);
    assert.deepEqual(stage.complaints, []);
  });
});
