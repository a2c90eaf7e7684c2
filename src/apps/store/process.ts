// The store as a child process: configuration as JSON in its first argument, one line of JSON on standard output when it is ready.
// It leaves on SIGTERM, SIGINT and when its parent hangs up: it never outlives it.
import { pino } from "pino";
import { toFault } from "../../base/fault.ts";
import { StoreConfig } from "./config.ts";
import { runStore } from "./main.ts";

const logger = pino({ name: "store", level: process.env["GARRISON_LOG_LEVEL"] ?? "info" }, pino.destination(2));

async function main(): Promise<void> {
  const config = StoreConfig.parse(JSON.parse(process.argv[2] ?? "{}"));
  const stop = new AbortController();
  const leave = (): void => stop.abort();
  for (const event of ["SIGTERM", "SIGINT", "disconnect"]) process.on(event, leave);
  if (config.exitWithParent) {
    process.stdin.on("end", leave).on("error", leave);
    process.stdin.resume();
  }
  await runStore(config, { logger, signal: stop.signal, ready: say });
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

main()
  .then(() => process.exit(0))
  .catch((thrown: unknown) => {
    const fault = toFault(thrown);
    logger.error({ code: fault.code, hint: fault.hint }, fault.message);
    say({ type: "failed", code: fault.code, kind: fault.kind, message: fault.message, hint: fault.hint ?? "" });
    process.exit(1);
  });
