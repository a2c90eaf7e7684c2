// Rules on variables of environments, on this kernel: what is asked for fires and is shown without its secrets; no other variable is in any event, row or output.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { kernelSensorMissing, makePrivateCgroup } from "../../src/edge/sensor/sensor.fixture.ts";
import { skipUnless } from "../support/skip.ts";
import { openDetectingNode } from "./detecting-node.ts";

const secret = "kQ7-never-to-be-seen";
const tunable = "A program is run with settings of the C library";
const proxy = "A program is run with a proxy";
const rules = `
- rule: ${tunable}
  desc: d
  condition: evt.type in (execve, execveat) and proc.env icontains GLIBC_TUNABLES
  output: tunables (env=%proc.env command=%proc.cmdline)
  priority: NOTICE
- rule: ${proxy}
  desc: d
  condition: evt.type in (execve, execveat) and proc.env icontains HTTP_PROXY
  output: proxy (value=%proc.env[http_proxy] env=%proc.env)
  priority: NOTICE
`;
const missing = await kernelSensorMissing();

test("asked variables fire their rules; every other variable is seen nowhere", async (context) => {
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  const folder = mkdtempSync(join(tmpdir(), "garrison-environment-"));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "rules.yaml"), rules);
  using cgroup = makePrivateCgroup("environment");
  const seen: string[] = [];
  const node = await openDetectingNode(cgroup.path, folder, (thing) => seen.push(JSON.stringify(thing)));
  try {
    const run = async (env: Readonly<Record<string, string>>): Promise<number> => {
      const child = spawn("/bin/true", [], { env: { TOKEN: secret, ...env }, stdio: "ignore" });
      await once(child, "close");
      return child.pid ?? 0;
    };
    const tuned = await run({ GLIBC_TUNABLES: "glibc.malloc.check=1", DATABASE_URL: secret });
    const proxied = await run({ http_proxy: `http://user:${secret}@192.0.2.1:3128` });
    const other = await run({ GLIBC: secret, MY_PROXY: secret, HTTP: "GLIBC_TUNABLES" });
    await node.caughtUp();
    const rulesOf = (pid: number) => node.rows.filter((row) => row.pid === pid).map(({ rule }) => rule);
    assert.ok(rulesOf(tuned).includes(tunable), rulesOf(tuned).join());
    assert.ok(rulesOf(proxied).includes(proxy), rulesOf(proxied).join());
    assert.deepEqual(rulesOf(other), []);
    const output = (pid: number, rule: string) =>
      node.rows.find((row) => row.pid === pid && row.rule === rule)?.outputFields.join(" ") ?? "";
    assert.match(output(tuned, tunable), /proc\.env=GLIBC_TUNABLES=glibc\.malloc\.check=1/);
    assert.match(output(proxied, proxy), /proc\.env\[http_proxy\]=http:\/\/user:‹redacted:[a-z-]+›@192\.0\.2\.1:3128/);
    // The sensor's own event carries the asked variable as it was, as it does arguments; redaction is at the door to rows.
    const carrying = seen.filter((text) => text.includes(secret));
    assert.deepEqual(
      carrying.map((text) => {
        const event = JSON.parse(text) as { type?: string; environment?: readonly string[]; process?: { pid: number } };
        return [event.type, event.process?.pid, event.environment];
      }),
      [["exec", proxied, [`http_proxy=http://user:${secret}@192.0.2.1:3128`]]],
    );
  } finally {
    await node.close();
  }
});
