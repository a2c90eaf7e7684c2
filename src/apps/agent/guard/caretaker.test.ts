// A name is not enough to be left alone: the file must be root's own, in a system folder.
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { skipUnless } from "../../../../test/support/skip.ts";
import { isCaretaker } from "./caretaker.ts";

test("a program called sshd elsewhere, another name, and nothing at all are no care-takers", () => {
  const folder = mkdtempSync(join(tmpdir(), "garrison-caretaker-"));
  try {
    const link = (name: string, target: string): string => {
      symlinkSync(target, join(folder, name));
      return join(folder, name);
    };
    copyFileSync("/bin/true", join(folder, "sshd"));
    assert.equal(isCaretaker(link("copy", join(folder, "sshd"))), false);
    assert.equal(isCaretaker(link("other", "/usr/bin/true")), false);
    assert.equal(isCaretaker(link("gone", "/usr/sbin/sshd (deleted)")), false);
    assert.equal(isCaretaker(join(folder, "nothing")), false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("root's own file of that name in a system folder is one; not when others may write it", (context) => {
  if (!skipUnless(context, process.geteuid?.() === 0, "not root")) return;
  const folder = mkdtempSync("/usr/local/lib/garrison-caretaker-");
  try {
    const file = join(folder, "sshd");
    writeFileSync(file, "", { mode: 0o755 });
    symlinkSync(file, join(folder, "exe"));
    assert.equal(isCaretaker(join(folder, "exe")), true);
    chmodSync(file, 0o777);
    assert.equal(isCaretaker(join(folder, "exe")), false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
