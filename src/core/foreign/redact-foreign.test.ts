import assert from "node:assert/strict";
import { test } from "node:test";
import { redactedLowerCase, redactForeign } from "./redact-foreign.ts";

const secret = "hunter2Hunter2";
const quoted: readonly string[] = [
  `mysqldump -p${secret} shop`,
  `Shell (command=mysqldump -p${secret} shop) user=root`,
  `Shell (command=/usr/bin/mysqldump -p${secret} shop)`,
  `{"cmd":"mysqldump -p${secret} shop"}`,
  `proc.cmdline=mysqldump -p${secret}`,
  `started: sshpass -p ${secret} ssh host`,
  `a=b (x=curl -u alice:${secret} https://api) c`,
  `twice (command=mysql -p${secret}) (command=mysql -p${secret})`,
];

test("a quoted command line is redacted like any other", () => {
  for (const text of quoted) {
    assert.equal(redactForeign(text).includes(secret), false, redactForeign(text));
    assert.match(redactForeign(text), /‹redacted:/, text);
  }
});

const harmless: readonly string[] = [
  "Shell (command=ls -p /x)",
  "a:mysql b",
  "connected to db:5432 (user=app)",
  '{"level":"info","message":"curl came back"}',
  "",
];

test("what is no secret stays", () => {
  for (const text of harmless) assert.equal(redactForeign(text), text);
});

test("each of many quoted command lines is redacted", () => {
  const text = redactForeign(`(mysql -p${secret}) `.repeat(500));
  assert.equal(text.includes(secret), false);
  assert.equal(text.split("‹redacted:").length, 501);
});

test("keys are seen before their case is lost", () => {
  assert.equal(redactedLowerCase("AKIAABCDEFGHJKLMNPQR.Example.com").includes("akia"), false);
});
