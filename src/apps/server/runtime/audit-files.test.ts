import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { manualClock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import { silentLogger } from "../../../base/logger.ts";
import { isBrokenLine, mapItems } from "../../../core/foreign/batch.ts";
import type { Row } from "../../../model/table.ts";
import { parseAuditFiles, startAuditFiles, type AuditFiles } from "./audit-files.ts";

async function scene(t: TestContext) {
  const dataFolder = await mkdtemp(path.join(tmpdir(), "garrison-audit-"));
  t.after(() => rm(dataFolder, { recursive: true }));
  await mkdir(path.join(dataFolder, "run"));
  const file = path.join(dataFolder, "audit.log");
  const taken: string[] = [];
  const gaps: Row<"gaps">[] = [];
  const made = {
    file,
    dataFolder,
    taken,
    gaps,
    full: false,
    start: () =>
      startAuditFiles({
        files: [`prod=${file}`],
        dataFolder,
        // Long: every look of the test is one that it asked for.
        everyMs: 3_600_000,
        clock: manualClock(1_000_000),
        logger: silentLogger,
        take: async (cluster, items) => {
          if (made.full) throw new Fault("the spool is full", { code: "agents/spool-full", kind: "limited" });
          return mapItems(items, 0, (item) => {
            if (isBrokenLine(item)) return { because: item.brokenLine };
            taken.push(`${cluster} ${JSON.stringify(item)}`);
            return { rows: [] };
          });
        },
        recordGap: async ({ cluster, node }, gap) => {
          assert.deepEqual([cluster, node], ["prod", ""]);
          gaps.push(gap);
        },
      }),
  };
  return made;
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 12_000 && !holds(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(holds(), "it never came");
}

const stateOf = (files: AuditFiles) => files.states()[0];

test("lines go the way of the door; bad ones are counted and a gap; the place is kept over a restart", async (t) => {
  const made = await scene(t);
  await writeFile(made.file, '{"a":1}\nbroken\n{"a":2}\n');
  const first = await made.start();
  await until(() => made.gaps.length === 1);
  await first[Symbol.asyncDispose]();
  assert.deepEqual(made.taken, ['prod {"a":1}', 'prod {"a":2}']);
  assert.deepEqual([stateOf(first)?.accepted, stateOf(first)?.refused], [2, 1]);
  assert.match(made.gaps[0]?.detail ?? "", /^1 lines of .*audit\.log were refused: it is not JSON$/);
  assert.deepEqual(
    [made.gaps[0]?.rows, made.gaps[0]?.table, made.gaps[0]?.reason],
    [1, "audit_events", "block-refused"],
  );
  await appendFile(made.file, '{"a":3}\n');
  const second = await made.start();
  await until(() => made.taken.length === 3);
  await second[Symbol.asyncDispose]();
  assert.deepEqual(made.taken.slice(2), ['prod {"a":3}']);
});

test("what could not be made durable is read again", async (t) => {
  const made = await scene(t);
  await writeFile(made.file, '{"a":1}\n');
  made.full = true;
  const files = await made.start();
  await until(() => stateOf(files)?.because === "the spool is full");
  assert.deepEqual(made.taken, []);
  made.full = false;
  files.wake();
  await until(() => made.taken.length === 1);
  await until(() => stateOf(files)?.because === "");
  await files[Symbol.asyncDispose]();
});

test("a file that is not there yet is waited for, and said", async (t) => {
  const made = await scene(t);
  const files = await made.start();
  await until(() => (stateOf(files)?.because ?? "").includes("ENOENT"));
  await writeFile(made.file, '{"a":1}\n');
  files.wake();
  await until(() => made.taken.length === 1);
  await files[Symbol.asyncDispose]();
});

test("places that cannot be read mean: from the beginning", async (t) => {
  const made = await scene(t);
  await writeFile(made.file, '{"a":1}\n');
  await writeFile(path.join(made.dataFolder, "run", "audit-files.json"), '{"prod=x": {"offset": "no"}}');
  const files = await made.start();
  await until(() => made.taken.length === 1);
  await files[Symbol.asyncDispose]();
  const kept = await readFile(path.join(made.dataFolder, "run", "audit-files.json"), "utf8");
  assert.deepEqual(Object.keys(JSON.parse(kept) as object), [`prod=${made.file}`]);
});

test("entries of the configuration", () => {
  assert.deepEqual(parseAuditFiles(["prod=/var/log/a=b.log"]), [{ cluster: "prod", path: "/var/log/a=b.log" }]);
  const wrong = ["/var/log/audit.log", "=/x", "prod=relative.log", "prod="];
  for (const entry of wrong) assert.throws(() => parseAuditFiles([entry]), { code: "runtime/audit-file" }, entry);
  assert.throws(() => parseAuditFiles(Array.from({ length: 17 }, (_, index) => `c${index}=/x`)), {
    code: "runtime/audit-file",
  });
});
