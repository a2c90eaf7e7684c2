// The watchdog's process (watchdog.ts): waits for the gateway's end. The kernel closes the channel between them whatever the gateway dies of.
import { readdirSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { recordPrefix, recordsMax, type FromGateway, type WatchedWorkload } from "./watchdog-words.ts";

const [folder = ""] = process.argv.slice(2);
let workloads: readonly WatchedWorkload[] = [];

process.on("message", (message: FromGateway) => {
  if (message.type === "bye") process.exit(0);
  workloads = message.workloads;
});
// A terminal's interrupt is the gateway's to answer.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.on("disconnect", () => {
  if (workloads.length > 0) tell(Date.now());
  process.exit(0);
});

function tell(timeMs: number): void {
  const line = { level: "error", time: timeMs, app: "gateway-watchdog", workloads, msg: "the WAF gateway is gone" };
  try {
    writeSync(2, `${JSON.stringify(line)}\n`);
  } catch {
    // Whoever read our words went with the gateway; the file remains.
  }
  const old = readdirSync(folder)
    .filter((name) => name.startsWith(recordPrefix))
    .sort();
  for (const name of old.slice(0, Math.max(0, old.length - recordsMax + 1)))
    rmSync(path.join(folder, name), { force: true });
  const file = path.join(folder, `${recordPrefix}${timeMs}.json`);
  writeFileSync(path.join(folder, `.${process.pid}.tmp`), JSON.stringify({ timeMs, workloads }), { mode: 0o600 });
  renameSync(path.join(folder, `.${process.pid}.tmp`), file);
}
