// The agent as a process of its own, for tests and benches that kill or measure it. Argument: the configuration as JSON. Ends on SIGTERM.
// Prints "ready" once it watches.
import { silentLogger } from "../../base/logger.ts";
import { runAgent } from "./main.ts";

const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
await runAgent(JSON.parse(process.argv[2] ?? "{}") as Parameters<typeof runAgent>[0], {
  logger: {
    ...silentLogger,
    error: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
  },
  signal: stop.signal,
  ready: () => process.stdout.write("ready\n"),
});
