// Files in use, of real processes of this machine, and of made-up ones.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { readUsedFiles, usedFileLimits } from "./used-files.ts";

test("this process uses its own executable and the C library", () => {
  const used = readUsedFiles("/proc", process.pid);
  assert.ok(used);
  assert.ok(used.paths.includes(process.execPath) || used.paths.some((each) => /node/.test(each)));
  assert.ok(used.paths.some((each) => /libc|ld-/.test(each)));
  assert.ok(used.paths.every((each) => each.startsWith("/")));
  assert.equal(readUsedFiles("/proc", 2 ** 22 + 1), undefined, "no such process");
});

test("deleted files, devices and kernel objects are left out; names with spaces and line ends stay whole; open files count", (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "used-files-"));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(path.join(folder, "7", "fd"), { recursive: true });
  const line = (name: string) => `7f0000000000-7f0000001000 r-xp 00000000 00:01 42                         ${name}`;
  const names = ["/lib/a b.so", "/gone (deleted)", "/dev/zero", "/memfd:x", "[heap]", "", "/new\\012line"];
  writeFileSync(path.join(folder, "7", "maps"), names.map(line).join("\n"));
  symlinkSync("/usr/bin/java", path.join(folder, "7", "exe"));
  symlinkSync("/app/web.jar", path.join(folder, "7", "fd", "4"));
  symlinkSync("socket:[1]", path.join(folder, "7", "fd", "5"));
  assert.deepEqual(readUsedFiles(folder, 7), {
    paths: ["/lib/a b.so", "/new\nline", "/usr/bin/java", "/app/web.jar"],
    cut: false,
  });
  const many = Array.from({ length: usedFileLimits.pathsMax + 5 }, (_, index) => line(`/lib/${index}.so`));
  writeFileSync(path.join(folder, "7", "maps"), many.join("\n"));
  const cut = readUsedFiles(folder, 7);
  assert.deepEqual([cut?.paths.length, cut?.cut], [usedFileLimits.pathsMax, true]);
});
