// The outbox over a real, small spool: whatever is pushed out of it, also gaps and their counts, stays counted.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rowOf } from "../../../test/support/agents-door.ts";
import { silentLogger } from "../../base/logger.ts";
import { decodeSpoolHead, decodeTells } from "../../edge/spool/spool-file.ts";
import { openSpool } from "../../edge/spool/spool.ts";
import { createOutbox } from "./outbox.ts";

test("every row pushed waits, is told by a gap that waits, or is in the book, however small the spool", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "garrison-outbox-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const spool = await openSpool({ folder, bytesMax: 12_000, clock: { nowMs: Date.now }, logger: silentLogger });
  const outbox = createOutbox({ spool, boot: "b".repeat(32), onSpooled: () => undefined });
  let events = 0;
  let ringDrops = 0;
  for (let round = 0; round < 60; round += 1) {
    for (let i = 0; i < 3; i += 1) {
      events += 1;
      outbox.push("process_events", rowOf("process_events", { time: Date.now(), pid: events }));
      await outbox.flush();
    }
    ringDrops += 7;
    outbox.push("gaps", rowOf("gaps", { time: Date.now(), table: "dns_events", reason: "ring-full", rows: 7 }));
    await outbox.tellGaps(Date.now());
  }
  const files = readdirSync(folder).filter((name) => name.endsWith(".block"));
  const heads = files.map((name) => ({ bytes: readFileSync(join(folder, name)), name }));
  let waiting = 0;
  let gapBlocks = 0;
  const told = [...spool.losses];
  for (const { bytes } of heads) {
    const head = decodeSpoolHead(bytes);
    assert.ok("header" in head);
    if (head.header.table === "process_events") waiting += head.header.rows;
    else {
      gapBlocks += 1;
      told.push(...(decodeTells(bytes) ?? []));
    }
  }
  const sum = (table: string) =>
    told.filter((loss) => loss.table === table).reduce((rows, loss) => rows + loss.rows, 0);
  assert.equal(waiting + sum("process_events"), events);
  assert.equal(sum("dns_events"), ringDrops);
  assert.ok(waiting > 0 && gapBlocks > 0 && gapBlocks < 60, "the spool held both, and gave up gaps too");
  assert.ok(spool.bytes <= 12_000);
});
