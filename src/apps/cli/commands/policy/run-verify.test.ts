import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Context } from "../../context.ts";
import { runVerify } from "./run-verify.ts";

async function verify(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const context = {
    flags: {},
    print: async (text: string) => void out.push(text),
    say: (line: string) => void err.push(line),
  } as Pick<Context, "flags" | "print" | "say"> as Context;
  const code = await runVerify(context, { args });
  return { code, out: out.join(""), err: err.join("\n") };
}

const pod = (name: string, ip: string) => ({ ns: "x", name, labels: {}, ip, containers: [] });
const table = JSON.stringify([
  {
    description: "open",
    steps: [
      {
        namespaces: { x: {} },
        pods: [pod("a", "10.0.0.1"), pod("b", "10.0.0.2")],
        policies: [],
        probes: [{ from: "x/a", to: "x/b", port: 80, protocol: "TCP", ingress: true, egress: true, allowed: true }],
      },
    ],
  },
]);

test("a folder's tables are read, zipped or not, in its folders too; what is none is said, and the end is 7", async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "garrison-verify-"));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(path.join(folder, "more"));
  await writeFile(path.join(folder, "one.json"), table);
  await writeFile(path.join(folder, "more/two.json.gz"), gzipSync(table));
  await writeFile(path.join(folder, "README.md"), "no table");
  assert.deepEqual(await verify(folder), { code: 0, out: "2 agreed, 0 disagreed\n", err: "" });
  await writeFile(path.join(folder, "broken.json"), "[");
  const { code, out, err } = await verify(folder, path.join(folder, "one.json"));
  assert.deepEqual([code, out], [7, "2 agreed, 0 disagreed\n"]);
  assert.match(err, /broken\.json is not JSON$/);
  await assert.rejects(verify(path.join(folder, "broken.json")), /is not JSON/);
  await assert.rejects(verify(path.join(folder, "absent.json")), /cannot read/);
  await writeFile(path.join(folder, "more/none.json"), "{}");
  assert.match((await verify(folder)).err, /none\.json: this is no truth table/);
});

test("a folder without tables is usage", async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "garrison-verify-"));
  t.after(() => rm(folder, { recursive: true }));
  await assert.rejects(verify(folder), /no truth tables in/);
});
