// Files that are not there, as every command meets them: real processes, no server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { Fault } from "../../base/fault.ts";
import { inputFacts, readInputText } from "./input-file.ts";

const entry = path.resolve(import.meta.dirname, "../../../bin/garrison.js");

async function garrison(
  data: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly err: string }> {
  const child = spawn(process.execPath, [entry, ...args], {
    env: { ...process.env, GARRISON_DATA: data, NO_COLOR: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const closed = once(child, "close");
  const err = await text(child.stderr);
  const [code] = (await closed) as [number];
  return { code, err };
}

test("a file that is not there is refused in one wording and with one code, whichever command it was named to", async (t) => {
  const data = await mkdtemp(path.join(os.tmpdir(), "garrison-input-"));
  t.after(() => rm(data, { recursive: true }));
  const none = path.join(data, "none.yaml");
  const cases = [
    ["apply", "-f", none],
    ["diff", "-f", none],
    ["delete", "-f", none],
    ["baseline", "import", "-f", none],
    ["runtime", "plan", none],
    ["detect", "lint", none],
    ["detect", "test", none, "--events", none],
    ["detect", "test", "builtin", "--events", none],
    ["policy", "lint", none],
    ["policy", "apply", none],
    ["policy", "verify", none],
    ["image", "sbom", "--archive", none],
    ["image", "sbom", "--oci", none],
    ["image", "sbom", "--root", none],
    ["image", "sbom", "--sbom", none],
    ["image", "sbom", "x", "--registry-ca", none],
    ["image", "sbom", "x", "--docker-config", none],
    ["image", "verify", "x", "--key", none],
    ["image", "verify", "x", "--policy", none],
    ["image", "advise", none],
    ["image", "advise", "--config", none],
    ["waf", "lint", none],
    ["waf", "rules", none],
    ["waf", "test", none, "--url", "/"],
    ["waf", "test", none, "--request", none],
    ["waf", "ftw", none, none],
    ["waf", "bench", none],
    ["waf", "exclude", none, "--reason", "x"],
    ["waf", "serve", "--rules", none],
    ["db", "import", none],
    ["config", "check", none],
    ["up", "--config", none],
    ["up", "--kubeconfig", none],
    ["install", "--overlay", "agent-only", "--server-address", "x:1", "--join-token-file", none],
  ] as const;
  for (const args of cases) {
    const ran = await garrison(data, args);
    assert.equal(ran.code, 2, `${args.join(" ")}: ${ran.err}`);
    const line = ran.err.split("\n").find((each) => each.startsWith("error")) ?? "";
    assert.match(
      line,
      /^error\[[a-z]+\/[a-z-]+\]: cannot read (the [a-z ]+ )?\S+\/none\.yaml: it is not there$/,
      args.join(" "),
    );
    assert.match(ran.err, /^hint: \S/m, args.join(" "));
    assert.doesNotMatch(ran.err, /ENOENT/, args.join(" "));
  }
});

test("a folder, and a path through a file, are named as what they are", async () => {
  const isRefused = (words: RegExp) => (thrown: unknown) =>
    thrown instanceof Fault && thrown.kind === "usage" && words.test(thrown.message) && thrown.hint === "so it goes";
  await assert.rejects(readInputText(os.tmpdir(), { hint: "so it goes" }), isRefused(/: it is a folder$/));
  const through = path.join(import.meta.filename, "x");
  await assert.rejects(readInputText(through, { hint: "so it goes" }), isRefused(/: a part of its path is no folder$/));
  assert.throws(() => inputFacts(through, { hint: "so it goes" }), isRefused(/: a part of its path is no folder$/));
});
