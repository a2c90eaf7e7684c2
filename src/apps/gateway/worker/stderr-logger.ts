// A worker thread's own log: JSON lines on stderr like the process's, warnings and errors only.
import { writeSync } from "node:fs";
import type { Logger } from "../../../base/logger.ts";

function write(level: "warn" | "error", fields: object, message: string): void {
  writeSync(2, `${JSON.stringify({ level, time: Date.now(), app: "gateway", ...fields, msg: message })}\n`);
}

/** Lines of one second; a flood of failures must not become a flood of lines. */
const linesPerSecondMax = 20;
let secondMs = 0;
let lines = 0;

function isAllowed(): boolean {
  const nowMs = Date.now();
  if (nowMs - secondMs > 1000) {
    secondMs = nowMs;
    lines = 0;
  }
  lines += 1;
  return lines <= linesPerSecondMax;
}

export const stderrLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, message) => {
    if (isAllowed()) write("warn", fields, message);
  },
  error: (fields, message) => {
    if (isAllowed()) write("error", fields, message);
  },
};
