import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerDirectory, ContainerInfo } from "../../../core/process/container-directory.ts";
import type { ProcessRecord } from "../../../core/process/process-table.ts";
import type { Subject } from "../../../model/identity.ts";
import { createDetectSubjects } from "./detect-subject.ts";

const subjectOf = (containerId: string) => ({ containerId, workload: "web" }) as Subject;
const cellOf = (containerId: string) => ({ subject: subjectOf(containerId), isPending: false, containerId });
const recordWith = (capabilitiesPermitted: number) => ({ facts: { capabilitiesPermitted } }) as ProcessRecord;
const every = 2 ** 41 - 1;
const usual = 0xa80425fb;

test("a container whose process has every capability is privileged, its other processes too; others are not", () => {
  const subject = createDetectSubjects(undefined);
  assert.equal(subject(cellOf("a"), recordWith(usual)).isPrivileged, false);
  assert.equal(subject(cellOf("a"), recordWith(every)).isPrivileged, true);
  assert.equal(subject(cellOf("a"), recordWith(usual)).isPrivileged, true);
  assert.equal(subject(cellOf("b"), recordWith(usual)).isPrivileged, false);
});

test("what is not known is not said: no facts, no runtime, no container", () => {
  const subject = createDetectSubjects(undefined);
  assert.deepEqual(Object.keys(subject(cellOf("a"), undefined)), ["subject", "isPending", "isContainer"]);
  assert.deepEqual(subject(cellOf(""), recordWith(every)), {
    subject: subjectOf(""),
    isPending: false,
    isContainer: false,
  });
});

test("mounts and the start come from the runtime", () => {
  const container = {
    mounts: [{ source: "/proc", destination: "/host/proc", isWritable: false, propagation: "private" }],
    startedMs: 5,
  } as unknown as ContainerInfo;
  const containers = { lookup: () => ({ state: "known", container }) } as unknown as ContainerDirectory;
  const { mounts, startedMs } = createDetectSubjects(containers)(cellOf("a"), undefined);
  assert.deepEqual(mounts, [
    { source: "/proc", destination: "/host/proc", mode: "ro", isWritable: false, propagation: "private" },
  ]);
  assert.equal(startedMs, 5);
});
