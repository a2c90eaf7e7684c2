// Folders of a baseline and the guarded ones below them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Baseline } from "../../model/baseline.ts";
import { compileBaseline } from "./judge.ts";
import { fileItem } from "./path-items.ts";

const target = { namespace: "shop", workload: "web" };

test("a folder that was learnt does not speak for guarded folders below it; one that people wrote does", () => {
  const cases = [
    ["/home/app/app.log", "/home/app/.ssh/authorized_keys", "writes"],
    ["/etc/systemd/resolved.conf", "/etc/systemd/system/evil.service", "writes"],
    ["/etc/systemd/resolved.conf", "/etc/systemd/system/multi-user.target.wants/evil.service", "writes"],
    ["/var/spool/mail", "/var/spool/cron/crontabs/root", "writes"],
    ["/home/app/app.log", "/home/app/.ssh/id_rsa", "reads"],
    ["/var/liba.so", "/var/tmp/evil.so", "loads"],
  ] as const;
  for (const [path, evil, kind] of cases) {
    const { covers } = compileBaseline(Baseline.parse({ target, items: { [kind]: [fileItem(path, kind)] } }));
    assert.ok(covers(kind, fileItem(path, kind)), path);
    assert.ok(!covers(kind, fileItem(evil, kind)), `${path} covers ${evil}`);
  }
  const { covers } = compileBaseline(
    Baseline.parse({ target, items: { writes: ["/etc/", "/home/a/.ssh/", "/home/b/"], loads: ["/"] } }),
  );
  for (const path of ["/etc/ssh/sshd_config", "/etc/nginx/", "/home/a/.ssh/known_hosts", "/home/b/c/d"])
    assert.ok(covers("writes", path), path);
  assert.ok(covers("loads", "/tmp/x.so"), "everything");
});
