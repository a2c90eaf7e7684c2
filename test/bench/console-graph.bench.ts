// The service graph with 500 visible workloads in a real browser, panned by a script; and the overview with 2,000 of 5,000 endpoints.
// Prints when the first cards were there, the median frame while panning and the long tasks (over 50 ms). Asserts nothing about time.
import type { Page } from "playwright-core";
import { isBuilt, isPresent, openStage } from "../e2e/console-stage.ts";

const panSteps = 240;
const waitMsMax = 240_000;

if (!isPresent || !isBuilt) {
  console.log("needs Chromium and a built console (ui/dist)");
  process.exit(0);
}

await using stage = await openStage("light");
const page = await stage.page();
page.setDefaultTimeout(waitMsMax);
await page.addInitScript(() => {
  const tasks: number[] = [];
  Object.assign(globalThis, { longTasks: tasks });
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
    entryTypes: ["longtask"],
  });
});
await page.goto(stage.signInUrl);
await page.getByRole("navigation", { name: "Main" }).waitFor();

for (const [what, address, settled, surface] of [
  ["17 services", "/graph?paused=1", ".vertex", ".react-flow__pane"],
  // 480 workloads and one "n more" for each of the 20 namespaces.
  ["500 workloads", "/graph?paused=1&q=mock:large&level=workload&most=480", ".vertex", ".react-flow__pane"],
  [
    "overview, 2,020 vertices",
    "/graph?paused=1&q=mock:large&level=endpoint&most=2000",
    ".overview-surface",
    ".overview-surface",
  ],
] as const) {
  const startedAt = performance.now();
  await page.goto(stage.url + address);
  await page.locator(settled).first().waitFor();
  const firstMs = Math.round(performance.now() - startedAt);
  await page.waitForTimeout(1500);
  const loading = await takeTasks(page);
  const drawn = await page.locator(".vertex").count();
  const frames = await pan(page, surface);
  const tasks = await takeTasks(page);
  frames.sort((a, b) => a - b);
  const at = (part: number): string => (frames[Math.floor((frames.length - 1) * part)] ?? 0).toFixed(1);
  console.log(`${what}: drawn after ${firstMs} ms (layout in a worker included), cards as elements ${drawn}`);
  console.log(`  loading: ${loading.length} long tasks, longest ${Math.round(Math.max(0, ...loading))} ms`);
  console.log(`  frame while panning: median ${at(0.5)} ms, 95th ${at(0.95)} ms, longest ${at(1)} ms`);
  console.log(`  panning: ${tasks.length} long tasks over 50 ms, longest ${Math.round(Math.max(0, ...tasks))} ms`);
}

function takeTasks(of: Page): Promise<number[]> {
  return of.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks.splice(0));
}

/** Drags with the mouse in a circle while the page counts its own frames. Milliseconds of each. */
async function pan(of: Page, surface: string): Promise<number[]> {
  const box = await of.locator(surface).first().boundingBox();
  if (box === null) return [];
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await of.evaluate(() => {
    const times: number[] = [];
    let last = performance.now();
    const tick = (): void => {
      const now = performance.now();
      times.push(now - last);
      last = now;
      requestAnimationFrame(tick);
    };
    Object.assign(globalThis, { frameTimes: times });
    requestAnimationFrame(tick);
  });
  await of.mouse.move(x, y);
  await of.mouse.down();
  for (let step = 1; step <= panSteps; step += 1) {
    const angle = (step / panSteps) * 4 * Math.PI;
    await of.mouse.move(x + Math.sin(angle) * 160, y + (1 - Math.cos(angle)) * 60);
  }
  await of.mouse.up();
  return of.evaluate(() => (globalThis as unknown as { frameTimes: number[] }).frameTimes.splice(0));
}
