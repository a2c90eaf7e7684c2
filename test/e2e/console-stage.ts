// A browser on the console: on the mock with its seeded world, or on a running server.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium, type BrowserContext, type Locator, type Page } from "playwright-core";
import { mockToken, startMock } from "../../ui/mock/server.ts";

export const chromiumPath = "/usr/bin/chromium";
export const isPresent = existsSync(chromiumPath);
export const isBuilt = existsSync(path.resolve(import.meta.dirname, "../../ui/dist/index.html"));
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export interface Stage extends AsyncDisposable {
  readonly url: string;
  readonly signInUrl: string;
  readonly context: BrowserContext;
  /** Errors of the page's console and its scripts so far; refused answers that a test asks for are not among them. */
  readonly complaints: string[];
  readonly page: () => Promise<Page>;
  /** Stops the mock as a crash would; the returned function starts it again on the same port. */
  readonly outage: () => Promise<() => Promise<void>>;
}

/** What must come is waited for so long, on a slow machine too; the file's own time limit is the judge. */
const waitMsMax = 120_000;

export const viewport = { width: 1440, height: 900 } as const;

/** Opens a browser with a profile of its own, on the mock unless a running server's address (with a fresh token) is given. */
export async function openStage(scheme: "light" | "dark", signInUrl?: string): Promise<Stage> {
  let mock = signInUrl === undefined ? await startMock(0) : undefined;
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      mock?.server.close(() => resolve());
      mock?.server.closeAllConnections();
      if (mock === undefined) resolve();
    });
  const url = mock?.url ?? new URL(signInUrl ?? "").origin;
  const profile = await mkdtemp(path.join(os.tmpdir(), "garrison-console-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    args: flags,
    colorScheme: scheme,
    viewport,
    permissions: ["clipboard-read", "clipboard-write"],
    timeout: waitMsMax,
  });
  context.setDefaultTimeout(waitMsMax);
  const complaints: string[] = [];
  return {
    url,
    signInUrl: signInUrl ?? `${url}/flows#token=${mockToken}`,
    context,
    complaints,
    page: async () => {
      const page = await context.newPage();
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("console", (message) => {
        const refusedAnswer = message.text().startsWith("Failed to load resource");
        if (message.type() === "error" && !refusedAnswer) complaints.push(message.text());
      });
      return page;
    },
    outage: async () => {
      await stop();
      return async () => {
        mock = await startMock(Number(new URL(url).port));
      };
    },
    [Symbol.asyncDispose]: async () => {
      await context.close();
      await stop();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** A stage that somebody has signed in to: its pages open at once. */
export async function openSignedIn(scheme: "light" | "dark"): Promise<Stage> {
  const stage = await openStage(scheme);
  const page = await stage.page();
  await page.goto(stage.signInUrl);
  await page.getByRole("navigation", { name: "Main" }).waitFor();
  await page.close();
  return stage;
}

/** Waits for the first row of the list (or tree) with this name. */
export async function firstRow(page: Page, name: RegExp): Promise<void> {
  await page
    .getByRole("grid", { name })
    .or(page.getByRole("treegrid", { name }))
    .getByRole("gridcell")
    .first()
    .waitFor();
}

/** Waits until more than `fewest` cells are there and all say this: rows of the question before may stand there for a moment. */
export async function sayOnly(cells: Locator, wanted: string, fewest = 0): Promise<void> {
  const endMs = performance.now() + waitMsMax;
  for (;;) {
    const texts = await cells.allTextContents();
    if (texts.length > fewest && texts.every((text) => text === wanted)) return;
    assert.ok(performance.now() < endMs, `not only ${wanted}: ${texts.join()}`);
    await sleep(20);
  }
}

/** Axe's rules that a change of theme can break. */
export const colourRules = ["color-contrast", "link-in-text-block"] as const;

export interface AxeQuestion {
  /** By these rules; else by all of them. */
  readonly rules?: readonly string[];
  /** In what this selector matches: a part that opened over a page which is held against axe by itself. Else the whole page. */
  readonly within?: string;
}

/** What axe finds wrong, one line each. */
export async function axeFindings(page: Page, { rules, within }: AxeQuestion = {}): Promise<readonly string[]> {
  if (within !== undefined) assert.notEqual(await page.locator(within).count(), 0, `${within} is on the page`);
  const whole = new AxeBuilder({ page });
  const builder = within === undefined ? whole : whole.include(within);
  const { violations } = await (rules === undefined ? builder : builder.withRules([...rules])).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")} ${(node.failureSummary ?? "").split("\n")[1] ?? ""}`),
  );
}

/** What axe finds wrong on the page as it stands, in the light by all its rules, and in the dark by those of colours: it is the same page. */
export async function axeInBothThemes(page: Page, within?: string): Promise<readonly string[]> {
  const part = within === undefined ? {} : { within };
  const findings: string[] = [];
  for (const [scheme, rules] of [
    ["light", {}],
    ["dark", { rules: colourRules }],
  ] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.locator(`html[data-scheme=${scheme}]`).waitFor({ state: "attached" });
    findings.push(...(await axeFindings(page, { ...rules, ...part })).map((line) => `${scheme}: ${line}`));
  }
  return findings;
}

/** Presses "g" and a key until the screen is there: on a busy machine the two may come too far apart to be one shortcut. */
export async function go(page: Page, key: string, to: string): Promise<void> {
  for (let tries = 0; tries < 20 && new URL(page.url()).pathname !== to; tries += 1) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.waitForURL((url) => url.pathname === to, { timeout: 3000 }).catch(() => undefined);
  }
  assert.equal(new URL(page.url()).pathname, to);
}
