// An agent for the chaos scenario: the real spool and uplink with a generator in the place of the sensor. What it has spooled it writes to a
// journal (one line per block, after the spool has it), which is what the scenario compares the store with. Standard input ends the load.
import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLogger } from "../../../src/base/logger.ts";
import { sealBlock } from "../../../src/edge/blocks/seal-block.ts";
import { openSpool, type SpoolEntry } from "../../../src/edge/spool/spool.ts";
import { parseJoinToken } from "../../../src/edge/trust/join-token.ts";
import { createUplink } from "../../../src/edge/uplink/uplink.ts";
import type { Row } from "../../../src/model/table.ts";
import { reportOf, rowOf, systemClock } from "../../support/agents-door.ts";

interface Settings {
  readonly folder: string;
  readonly journal: string;
  readonly server: string;
  readonly node: string;
  readonly token: string;
  readonly spoolBytesMax: number;
  readonly rowsPerBlock: number;
  readonly blockEveryMs: number;
}

/** One line of the journal. */
export interface JournalLine {
  readonly key: string;
  readonly rows: number;
}

const settings = JSON.parse(process.argv[2] ?? "{}") as Settings;
const boot = randomBytes(16).toString("hex");
const clock = systemClock;
let sequence = 0;
let isLoading = true;
let lastGaps: SpoolEntry | undefined;
/** False while losses may wait in the spool's book for the gap block before them to be sent. */
let isTold = true;

const spool = await openSpool({
  folder: `${settings.folder}/spool`,
  bytesMax: settings.spoolBytesMax,
  clock,
  logger: silentLogger,
});
const uplink = createUplink({
  server: new URL(settings.server),
  folder: settings.folder,
  node: settings.node,
  agentVersion: "chaos",
  joinToken: () => Promise.resolve(parseJoinToken(settings.token)),
  source: spool,
  onResources: () => undefined,
  report: (number) => reportOf({ boot, number }),
  clock,
  random: Math.random,
  logger: silentLogger,
});
await uplink.start();

createInterface({ input: process.stdin })
  .on("line", () => {
    isLoading = false;
  })
  .on("close", () => process.exit(0));

for (let ticks = 1; ; ticks += 1) {
  if (isLoading) await spoolEvents();
  if (!isLoading || ticks % 10 === 0) await spoolLosses();
  if (ticks % 50 === 0) await spool.tick();
  tell();
  await sleep(isLoading ? settings.blockEveryMs : 100);
}

async function spoolEvents(): Promise<void> {
  sequence += 1;
  const key = `${boot}-${sequence}`;
  const time = clock.nowMs();
  const rows = Array.from({ length: settings.rowsPerBlock }, (_, pid) =>
    rowOf("process_events", { time, pid, processId: key }),
  );
  const sealed = sealBlock("process_events", rows, { boot, sequence });
  // Expendable: at the cap old ones are dropped and counted, as allowed flows are.
  const entry = await spool.append(sealed.header, sealed.body, "expendable");
  if (entry !== undefined) appendFileSync(settings.journal, `${JSON.stringify({ key, rows: rows.length })}\n`);
  uplink.wake();
}

/**
 * What the spool lost becomes gap rows, one block of them at a time: a full spool drops the oldest blocks, gap blocks too, and with a
 * dropped gap block the numbers in it are gone. While one waits, further losses add up in the spool's own book.
 */
async function spoolLosses(): Promise<void> {
  isTold = lastGaps === undefined || (await spool.read(lastGaps)) === undefined;
  if (!isTold) return;
  const gaps: Row<"gaps">[] = spool.takeLosses().map((loss) => ({
    time: Math.min(loss.fromMs, clock.nowMs()),
    durationMs: Math.max(0, loss.toMs - loss.fromMs),
    table: loss.table,
    reason: loss.reason,
    rows: loss.rows,
    counted: loss.counted,
    detail: loss.detail,
  }));
  if (gaps.length === 0) return;
  sequence += 1;
  const sealed = sealBlock("gaps", gaps, { boot, sequence });
  lastGaps = await spool.append(sealed.header, sealed.body, "kept");
  uplink.wake();
}

function tell(): void {
  const { connected, because, blocksAcknowledged, blocksRefused, duplicates } = uplink.state;
  process.stdout.write(
    `${JSON.stringify({ isLoading, isTold, files: spool.next(new Set()) === undefined ? 0 : spool.files, connected, because, blocksAcknowledged, blocksRefused, duplicates })}\n`,
  );
}
