// Child process of scratch-store.ts: chDB in a temporary folder, one request at a time over the process's own message channel.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Session } from "chdb";

interface Request {
  readonly id: number;
  readonly sql: string;
  readonly params: Record<string, unknown>;
}

const folder = mkdtempSync(path.join(tmpdir(), "garrison-scratch-"));
const session = new Session(folder);
for (const setting of [
  "date_time_output_format = 'iso'",
  "date_time_input_format = 'best_effort'",
  "output_format_json_quote_64bit_integers = 0",
  "max_threads = 2",
]) {
  session.query(`SET ${setting}`);
}

process.on("message", ({ id, sql, params }: Request) => {
  try {
    const text = Object.keys(params).length === 0 ? session.query(sql, "JSON") : session.queryBind(sql, params, "JSON");
    process.send?.({ id, answer: text === "" ? undefined : JSON.parse(text) });
  } catch (thrown) {
    process.send?.({ id, error: thrown instanceof Error ? thrown.message : String(thrown) });
  }
});
process.on("disconnect", () => {
  session.cleanup();
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
process.send?.({ id: 0 });
