// An agent for the chaos scenario: the real outbox, gap watch, spool and uplink with a generator in the place of the sensor. What it is about to
// spool and what it has spooled it writes to a journal, which is what the scenario compares the store with. Standard input ends the load.
import { randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { createGapWatch } from "../../../src/apps/agent/gap-watch.ts";
import { createOutbox } from "../../../src/apps/agent/outbox.ts";
import { silentLogger } from "../../../src/base/logger.ts";
import { openSpool } from "../../../src/edge/spool/spool.ts";
import { parseJoinToken } from "../../../src/edge/trust/join-token.ts";
import { createUplink } from "../../../src/edge/uplink/uplink.ts";
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

/** One line of the journal: "begun" before a block is spooled, "done" after. */
export interface JournalLine {
  readonly what: "begun" | "done";
  readonly key: string;
  readonly rows: number;
}

const settings = JSON.parse(process.argv[2] ?? "{}") as Settings;
const boot = randomBytes(16).toString("hex");
const clock = systemClock;
let blocks = 0;
let isLoading = true;

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
const outbox = createOutbox({ spool, boot, onSpooled: () => uplink.wake() });
const gapsOf = createGapWatch(
  {
    sensorStats: () => ({ eventsByType: {}, dropsByType: {}, cpuMs: 0 }),
    queueDrops: () => outbox.takeDrops(),
    flowLosses: () => undefined,
    sensorDown: "",
  },
  clock.nowMs(),
);
await uplink.start();

createInterface({ input: process.stdin })
  .on("line", () => {
    isLoading = false;
  })
  .on("close", () => process.exit(0));

for (let ticks = 1; ; ticks += 1) {
  if (isLoading) await spoolEvents();
  if (!isLoading || ticks % 10 === 0) await tellGaps();
  if (ticks % 50 === 0) await spool.tick();
  tell();
  await sleep(isLoading ? settings.blockEveryMs : 100);
}

async function spoolEvents(): Promise<void> {
  blocks += 1;
  const key = `${boot}-${blocks}`;
  const rows = settings.rowsPerBlock;
  for (let pid = 0; pid < rows; pid += 1) {
    outbox.push("process_events", rowOf("process_events", { time: clock.nowMs(), pid, processId: key }));
  }
  const note = (what: JournalLine["what"]) =>
    appendFileSync(settings.journal, `${JSON.stringify({ what, key, rows } satisfies JournalLine)}\n`);
  note("begun");
  await outbox.flush();
  note("done");
}

async function tellGaps(): Promise<void> {
  for (const row of gapsOf(clock.nowMs())) outbox.push("gaps", row);
  await outbox.tellGaps(clock.nowMs());
}

function tell(): void {
  const { connected, because, blocksAcknowledged, blocksRefused, duplicates } = uplink.state;
  const isTold = spool.losses.length === 0;
  process.stdout.write(
    `${JSON.stringify({ isLoading, isTold, files: spool.files, connected, because, blocksAcknowledged, blocksRefused, duplicates })}\n`,
  );
}
