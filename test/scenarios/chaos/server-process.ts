// The real server for the chaos scenario, without its own store process (the scenario starts and kills that one itself).
// Says on standard output where it listens; leaves when its parent hangs up.
import { silentLogger, type Logger } from "../../../src/base/logger.ts";
import { ServerConfig } from "../../../src/apps/server/config.ts";
import { startServer } from "../../../src/apps/server/main.ts";

const [data = "", agentsPort = "0"] = process.argv.slice(2);
const config = ServerConfig.parse({
  data,
  console: { port: 0 },
  agents: { port: Number(agentsPort) },
  store: { start: false },
});

const isChatty = process.env["GARRISON_CHAOS_LOG"] !== undefined;
const chatty: Logger = {
  ...silentLogger,
  warn: (fields, message) => process.stderr.write(`server: ${message} ${JSON.stringify(fields)}\n`),
  error: (fields, message) => process.stderr.write(`server: ${message} ${JSON.stringify(fields)}\n`),
};

// Shorter than in life, so that many inserts run while parts are killed; long enough for groups of several blocks.
const insertDelayMs = 150;
const server = await startServer(config, { logger: isChatty ? chatty : silentLogger, insertDelayMs });
process.stdout.write(`${JSON.stringify({ agentsPort: server.agentsPort })}\n`);
process.stdin.on("end", () => process.exit(0)).resume();
