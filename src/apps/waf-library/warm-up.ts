// A new engine's first requests, made up: the runtime compiles what runs for the first time, and that must not be somebody's request. Also the clock of budgets.
import type { TransactionPolicy, WafEngine } from "../../core/waf/engine/engine.ts";
import { warmUpTexts } from "./warm-up-texts.ts";

/** How long the wall clock is followed between two questions to the kernel, which cost microseconds each. */
const followUsMax = 2000;

/** Microseconds of this thread's own work where the runtime tells them: a busy machine does not use up a request's budget. Never goes back. */
export function workClock(): () => number {
  const wallUs = (): number => performance.now() * 1000;
  // Older runtimes do not have it.
  if (!("threadCpuUsage" in process)) return wallUs;
  let askedUs = Number.NEGATIVE_INFINITY;
  let baseUs = 0;
  let lastUs = 0;
  return () => {
    const nowUs = wallUs();
    if (nowUs - askedUs > followUsMax) {
      const { user, system } = process.threadCpuUsage();
      askedUs = nowUs;
      baseUs = user + system;
    }
    lastUs = Math.max(lastUs, baseUs + nowUs - askedUs);
    return lastUs;
  };
}

/** Twice, because machine code is made at the second run. Nothing of it is told or remembered. */
export function warmUp(engine: WafEngine, policy: TransactionPolicy): void {
  const budget = { usMax: 10_000_000, bytesMax: 1 << 26, onExceeded: "pass" as const };
  const patient: TransactionPolicy = { ...policy, mode: "detect", budget };
  for (const round of [1, 2]) for (const text of warmUpTexts) runOne(engine, patient, `${text} ${round}`);
  engine.emptyMemo();
}

function runOne(engine: WafEngine, policy: TransactionPolicy, text: string): void {
  const transaction = engine.begin(policy);
  const encoded = encodeURIComponent(text);
  transaction.connection({ clientAddress: "192.0.2.1", clientPort: 1, serverAddress: "192.0.2.2", serverPort: 80 });
  transaction.requestLine("POST", `/a/b.php?q=${encoded}`, "HTTP/1.1");
  transaction.requestHeaders([
    ["Host", "service.example"],
    ["User-Agent", "Mozilla/5.0"],
    ["Accept", "text/html,*/*;q=0.8"],
    ["Cookie", `c=${encoded}`],
    ["Content-Type", "application/json"],
  ]);
  transaction.requestBody(JSON.stringify({ a: text, b: 1 }));
  transaction.endRequest();
  transaction.finish();
}
