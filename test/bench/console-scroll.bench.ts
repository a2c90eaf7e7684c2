// A list of 100,000 rows in a real browser: loaded page by page to its end, then scrolled from end to end.
// Prints the long tasks of the page (over 50 ms) and how many rows the page holds as elements. Asserts nothing about time.
import { openStage, firstRow, isBuilt, isPresent } from "../e2e/console-stage.ts";

const rowsWanted = 100_000;
const scrollSteps = 400;

if (!isPresent || !isBuilt) {
  console.log("needs Chromium and a built console (ui/dist)");
  process.exit(0);
}

await using stage = await openStage("light");
const page = await stage.page();
await page.addInitScript(() => {
  const tasks: number[] = [];
  Object.assign(globalThis, { longTasks: tasks });
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
    entryTypes: ["longtask"],
  });
});
await page.goto(stage.signInUrl);
await page.getByRole("navigation", { name: "Main" }).waitFor();
await page.goto(`${stage.url}/flows?range=24h&paused=1`);
await firstRow(page, /Flows/);
const takeTasks = (): Promise<number[]> =>
  page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks.splice(0));

const startedAt = performance.now();
let count = 0;
while (count < rowsWanted) {
  await page.keyboard.press("End");
  const before = count;
  await page
    .waitForFunction(
      (known) => Number(document.querySelector("[role=grid]")?.getAttribute("aria-rowcount")) - 1 > known,
      before,
      { timeout: 20_000 },
    )
    .catch(() => undefined);
  count = Number(await page.getByRole("grid").getAttribute("aria-rowcount")) - 1;
  if (count === before) break;
}
print("loading", await takeTasks());
console.log(`${count} rows in ${Math.round((performance.now() - startedAt) / 1000)} s, all pages of 500`);

const frames = await page.evaluate(async (steps) => {
  const scroller = document.querySelector(".grid-scroll");
  if (scroller === null) return [];
  const end = scroller.scrollHeight - scroller.clientHeight;
  const times: number[] = [];
  let last = performance.now();
  for (let step = 0; step <= steps; step += 1) {
    scroller.scrollTop = end * (1 - step / steps);
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  return times;
}, scrollSteps);
print("scrolling from end to top", await takeTasks());
frames.sort((a, b) => a - b);
const at = (part: number): string => (frames[Math.floor((frames.length - 1) * part)] ?? 0).toFixed(1);
console.log(`frame while scrolling: median ${at(0.5)} ms, 95th ${at(0.95)} ms, longest ${at(1)} ms`);
console.log(`rows as elements: ${await page.getByRole("row").count()}`);

function print(what: string, tasks: readonly number[]): void {
  const longest = Math.max(0, ...tasks);
  const over = tasks.filter((task) => task > 200).length;
  console.log(`${what}: ${tasks.length} long tasks, longest ${Math.round(longest)} ms, ${over} over 200 ms`);
}
