// A browser on the console: the mock with its seeded world, or a running server given by GARRISON_CONSOLE_URL (with its token).
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium, type BrowserContext, type Page } from "playwright-core";
import { mockToken, startMock } from "../../ui/mock/server.ts";

export const chromiumPath = "/usr/bin/chromium";
export const isPresent = existsSync(chromiumPath);
export const isBuilt = existsSync(path.resolve(import.meta.dirname, "../../ui/dist/index.html"));
/** A running server's printed URL; its one-time token signs in once, so all tests share one context per scheme. */
export const givenUrl = process.env["GARRISON_CONSOLE_URL"];

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

/** Opens a browser with a profile of its own. */
export async function openStage(scheme: "light" | "dark"): Promise<Stage> {
  let mock = givenUrl === undefined ? await startMock(0) : undefined;
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      mock?.server.close(() => resolve());
      mock?.server.closeAllConnections();
      if (mock === undefined) resolve();
    });
  const url = mock?.url ?? new URL(givenUrl ?? "").origin;
  const profile = await mkdtemp(path.join(os.tmpdir(), "garrison-console-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    args: flags,
    colorScheme: scheme,
    viewport: { width: 1440, height: 900 },
    permissions: ["clipboard-read", "clipboard-write"],
  });
  const complaints: string[] = [];
  return {
    url,
    signInUrl: givenUrl ?? `${url}/flows#token=${mockToken}`,
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

/** What axe finds wrong, one line each. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(" ")} ${(node.failureSummary ?? "").split("\n")[1] ?? ""}`),
  );
}
