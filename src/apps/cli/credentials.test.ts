// The data folder's credential reaches its own server and nobody else; what a file holds is not trusted.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { Fault } from "../../base/fault.ts";
import { clientOf, type Context, type GlobalFlags } from "./context.ts";
import { paint } from "./output/paint.ts";

async function folderWith(t: TestContext, text: string): Promise<string> {
  const data = await mkdtemp(path.join(os.tmpdir(), "garrison-cli-"));
  t.after(() => rm(data, { recursive: true }));
  await mkdir(path.join(data, "run"));
  await writeFile(path.join(data, "run", "cli.json"), text);
  return data;
}

function contextWith(flags: GlobalFlags, environment: Record<string, string> = {}): Context {
  return {
    environment,
    flags,
    paint: paint(false),
    width: 80,
    isTerminal: false,
    nowMs: () => 0,
    print: async () => undefined,
    say: () => undefined,
    signal: new AbortController().signal,
    fetch: globalThis.fetch,
  };
}

const local = JSON.stringify({ url: "http://127.0.0.1:8686", agents: "", token: "glt_local" });

test("the data folder's credential is sent to its own server only", async (t) => {
  const data = await folderWith(t, local);
  const own = ["http://127.0.0.1:8686", "http://localhost:8686", "http://[::1]:8686/", "http://LOCALHOST:8686"];
  for (const server of own) {
    const { headers } = await clientOf(contextWith({ data, server }));
    assert.equal(headers?.["authorization"], "Bearer glt_local", server);
  }
  const others = [
    "http://localhost:8687",
    "https://127.0.0.1:8686",
    "http://127.0.0.1:8686@evil.example",
    "http://evil.example:8686",
    "http://127.0.0.1.evil.example:8686",
    "not an address",
  ];
  for (const server of others) {
    await assert.rejects(clientOf(contextWith({ data, server })), { code: "cli/no-token", kind: "usage" }, server);
    await assert.rejects(
      clientOf(contextWith({ data }, { GARRISON_SERVER: server })),
      { code: "cli/no-token" },
      server,
    );
    const { headers } = await clientOf(contextWith({ data, server, token: "mine" }));
    assert.equal(headers?.["authorization"], "Bearer mine");
  }
});

test("a damaged credential file is named, with what to do", async (t) => {
  for (const text of ["", "{", "[]", '{"url":1,"token":"x"}', "null"]) {
    const data = await folderWith(t, text);
    await assert.rejects(clientOf(contextWith({ data })), (thrown) => {
      assert.ok(thrown instanceof Fault);
      assert.equal(thrown.code, "cli/no-credential");
      return /is damaged/.test(thrown.message) && (thrown.hint ?? "").includes("restart the server");
    });
  }
});
