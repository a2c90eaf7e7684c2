// What is told of files in use: each file once an hour per container, a few processes at a time, bounded and counted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { emptySubject } from "../../core/process/subject.ts";
import type { ProcessRecord } from "../../core/process/process-table.ts";
import type { Row } from "../../model/table.ts";
import { createUsedFilesWatch, usedFilesLimits, type ContainerProcess } from "./used-files.ts";

function processOf(pid: number, containerId: string): ContainerProcess {
  const record = {
    id: `p${pid}`,
    pid,
    startMs: 1,
    name: "java",
    executable: "/usr/bin/java",
  } as unknown as ProcessRecord;
  return { record, subject: { ...emptySubject, containerId, container: "web", imageDigest: "sha256:a" } };
}

function watch(processes: readonly ContainerProcess[], files: (pid: number) => readonly string[] | undefined) {
  const rows: Row<"file_events">[] = [];
  const looks: number[] = [];
  const watched = createUsedFilesWatch({
    processes: () => processes,
    read(pid) {
      looks.push(pid);
      const paths = files(pid);
      return paths === undefined ? undefined : { paths, cut: false };
    },
    tell: (row) => rows.push(row),
  });
  return { ...watched, rows, looks };
}

test("a file of a container is told once, by whichever process; again after an hour, with what came since", () => {
  let files = ["/lib/a.so"];
  const { rows, ...watched } = watch([processOf(1, "c1"), processOf(2, "c1"), processOf(3, "c2")], () => files);
  watched.tick(0);
  assert.deepEqual(
    rows.map(({ path, containerId, action, fidelity }) => [path, containerId, action, fidelity]),
    [
      ["/lib/a.so", "c1", "mapped", "polled"],
      ["/lib/a.so", "c2", "mapped", "polled"],
    ],
  );
  files = ["/lib/a.so", "/lib/b.so"];
  watched.tick(usedFilesLimits.roundMs);
  assert.equal(rows.length, 2, "processes are not looked at again so soon");
  watched.tick(usedFilesLimits.lookAgainMs + 1);
  watched.tick(usedFilesLimits.lookAgainMs + 2);
  assert.deepEqual(
    rows.slice(2).map(({ path }) => path),
    ["/lib/b.so", "/lib/b.so"],
  );
  for (let ms = usedFilesLimits.lookAgainMs; ms < 3 * usedFilesLimits.tellAgainMs; ms += 1000) watched.tick(ms);
  assert.ok(rows.filter(({ path, containerId }) => path === "/lib/a.so" && containerId === "c1").length >= 2);
});

test("few processes a tick; one that is gone is none; beyond the limit files are counted", () => {
  const many = Array.from({ length: 50 }, (_, index) => processOf(index + 1, `c${index}`));
  const { looks, rows, ...watched } = watch(many, (pid) => (pid === 1 ? undefined : ["/a"]));
  watched.tick(0);
  assert.equal(looks.length, usedFilesLimits.processesPerTick);
  for (const ms of [1, 2, 3]) watched.tick(ms);
  assert.deepEqual([looks.length, rows.length, watched.takeOmitted()], [50, 49, 0]);
  const paths = Array.from({ length: usedFilesLimits.filesPerContainerMax + 3 }, (_, index) => `/f${index}`);
  const crowded = watch([processOf(1, "c")], () => paths);
  crowded.tick(0);
  assert.deepEqual(
    [crowded.rows.length, crowded.takeOmitted(), crowded.takeOmitted()],
    [usedFilesLimits.filesPerContainerMax, 3, 0],
  );
});
