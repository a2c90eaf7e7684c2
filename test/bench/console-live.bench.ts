// The console's live list: CPU per row pushed into a full store of 100,000 rows, and per frame published. Printed, never judged.
import { LiveStore } from "../../ui/src/api/live-store.ts";

interface Row {
  readonly id: number;
}

const rowsMax = 100_000;
const batchRows = 500;
const batches = 1000;

const frames: (() => void)[] = [];
const store = new LiveStore<Row>({
  keyOf: (row) => `${row.id}|flow`,
  rowsMax,
  schedule: (callback) => frames.push(callback),
});
let next = 0;

function pushBatch(): void {
  store.pushNewer(Array.from({ length: batchRows }, () => ({ id: next++ })));
  for (const frame of frames.splice(0)) frame();
}

for (let filled = 0; filled < rowsMax; filled += batchRows) pushBatch();
const before = process.cpuUsage();
for (let batch = 0; batch < batches; batch += 1) pushBatch();
const { user, system } = process.cpuUsage(before);
const microseconds = user + system;
console.log(`rows in the list: ${store.snapshot().count}, let go: ${store.snapshot().evicted}`);
console.log(`CPU per row pushed into a full list: ${(microseconds / (batches * batchRows)).toFixed(2)} µs`);
console.log(`CPU per frame of ${batchRows} rows: ${(microseconds / batches).toFixed(0)} µs`);
