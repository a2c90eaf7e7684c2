// Only what can be read again is given back; the process goes on with less.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { giveBack, unwrittenFiles } from "./give-back.ts";

const cases: readonly (readonly [what: string, head: string, anonymousKib: number, given: number, swap?: string])[] = [
  ["text of a program", "00400000-02000000 r-xp 00000000 fe:01 12 /usr/bin/node", 0, 1],
  ["constants", "00400000-02000000 r--p 00000000 fe:01 12 /usr/bin/node", 0, 1],
  ["a name with spaces", "00400000-02000000 r--p 00000000 fe:01 12 /opt/a b/node", 0, 1],
  ["relocations, written before they became read-only", "00400000-02000000 r--p 00000000 fe:01 12 /usr/bin/node", 8, 0],
  ["relocations that were swapped out", "00400000-02000000 r--p 00000000 fe:01 12 /usr/bin/node", 0, 0, "Swap:  16 kB"],
  ["a kernel that does not tell what is in swap", "00400000-02000000 r--p 00000000 fe:01 12 /usr/bin/node", 0, 0, ""],
  ["code that can be written", "00400000-02000000 rwxp 00000000 fe:01 12 /usr/bin/node", 0, 0],
  ["data", "00400000-02000000 rw-p 00000000 fe:01 12 /usr/bin/node", 0, 0],
  ["a file that is gone", "00400000-02000000 r-xp 00000000 fe:01 12 /usr/bin/node (deleted)", 0, 0],
  ["shared memory", "00400000-02000000 r--s 00000000 fe:01 12 /dev/shm/x", 0, 0],
  ["a ring", "00400000-02000000 r--s 00000000 00:0f 12 anon_inode:bpf-map", 0, 0],
  ["heap", "00400000-02000000 r--p 00000000 00:00 0 [heap]", 0, 0],
  ["no file", "00400000-02000000 r--p 00000000 00:00 0 ", 0, 0],
];

for (const [what, head, anonymousKib, given, swap = "Swap:                  0 kB"] of cases) {
  test(`${what}: ${given === 1 ? "given back" : "kept"}`, () => {
    const other =
      "02000000-02001000 rw-p 00000000 00:00 0 \nRss: 4 kB\nAnonymous:             0 kB\nSwap:                  0 kB";
    const lines = [
      head,
      "Rss:    40 kB",
      `Anonymous:    ${anonymousKib} kB`,
      "KSM:      0 kB",
      swap,
      "SwapPss:       0 kB",
    ];
    const ranges = unwrittenFiles(`${lines.join("\n")}\n${other}\n`);
    assert.deepEqual(ranges, given === 1 ? [{ start: 0x400000n, length: 0x1c00000 }] : []);
  });
}

test("a process that gave back has fewer pages of files, and goes on", () => {
  const fileKib = () => Number(/^RssFile:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
  const before = fileKib();
  giveBack();
  assert.ok(fileKib() < before, `${fileKib()} of ${before} KiB`);
  assert.equal(new Intl.NumberFormat("de").format(1234.5), "1.234,5");
  assert.deepEqual(JSON.parse('{"a":[1]}'), { a: [1] });
});
