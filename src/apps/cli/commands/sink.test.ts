// garrison sink against a real server and a real receiver: list, test, dead letters, replay, discard, and their exit codes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { emptyQueries, testServer, type TestServer } from "../../../../test/support/test-server.ts";
import { SecurityEvent } from "../../../model/security-event.ts";
import { call } from "../../server/contract/client.ts";

const entry = path.resolve(import.meta.dirname, "../../../../bin/garrison.js");

async function garrison(server: TestServer, ...words: readonly string[]) {
  const child = spawn(process.execPath, [entry, "sink", ...words, "--data", server.data], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { code: child.exitCode, out, err };
}

test("a sink that fails, its dead letters, and how they go", async () => {
  const events: SecurityEvent[] = [];
  const queries = emptyQueries({
    securityAfter: async (position) => {
      const rows = position === "" ? [] : events.splice(0);
      return { rows, position: "1", isMore: false };
    },
  });
  let status = 400;
  const hook = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(status).end("not like this"));
  });
  hook.listen(0, "127.0.0.1");
  await once(hook, "listening");
  try {
    await using server = await testServer({ queries, sinkPollMs: 5 });
    const none = await garrison(server, "list");
    assert.deepEqual([none.code, /no sink: garrison apply/.test(none.err)], [0, true]);
    const apply = async (name: string, file: string) => {
      const body = { kind: "Sink", name, scope: "global", spec: { to: { type: "file", path: file } } };
      const { base, headers } = { base: server.url, headers: { authorization: `Bearer ${server.localToken}` } };
      return call({ base, headers, fetch }, "applyResource", { params: { kind: "Sink", name }, query: {}, body });
    };
    await assert.rejects(apply("outside", "/etc/alerts.jsonl"), /leads out of/);
    await assert.rejects(apply("above", "../alerts.jsonl"), /leads out of/);
    const to = { base: server.url, headers: { authorization: `Bearer ${server.localToken}` }, fetch };
    const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/x`;
    const body = { kind: "Sink", name: "siem", scope: "global", spec: { to: { type: "webhook", url } } };
    await call(to, "applyResource", { params: { kind: "Sink", name: "siem" }, query: {}, body });
    const state = async () => (await call(to, "listSinks", {})).sinks[0];
    while ((await state())?.state !== "ok") await new Promise((resolve) => setTimeout(resolve, 20));
    for (const rule of ["one", "two", "three"])
      events.push(
        SecurityEvent.parse({
          time: "2026-11-26T10:00:00.000Z",
          severity: "high",
          rule,
          namespace: "shop",
          workload: "web",
        }),
      );
    while ((await state())?.deadLetters !== 3) await new Promise((resolve) => setTimeout(resolve, 20));

    const listed = await garrison(server, "list");
    assert.equal(listed.code, 7, listed.err);
    assert.match(
      listed.out,
      /siem +webhook +failing +0 +- +0 +3 +http:\/\/127\.0\.0\.1:\d+\/x +HTTP 400: not like this/,
    );
    assert.match(listed.err, /look at the address, the credential and the template/);
    const tried = await garrison(server, "test", "siem");
    assert.deepEqual([tried.code, tried.out.startsWith("failed: HTTP 400: not like this")], [6, true]);
    const letters = await garrison(server, "dead-letters", "siem");
    assert.match(letters.out, /1 +\S+ +1 +high +one +shop\/web +HTTP 400/);
    assert.match(letters.err, /^3 dead letters$/m);
    const paged = await garrison(server, "dead-letters", "siem", "--limit", "2", "-o", "name");
    assert.deepEqual([paged.out, /3 dead letters; --after 2 goes on/.test(paged.err)], ["1\n2\n", true]);

    status = 200;
    assert.match((await garrison(server, "test", "siem")).out, /^taken: HTTP 200/);
    const one = await garrison(server, "replay", "siem", "2");
    assert.deepEqual([one.code, one.out], [0, "1 delivered, 0 failed, 2 left\n"]);
    const nowhere = await garrison(server, "replay", "siem", "99");
    assert.deepEqual([nowhere.code, /siem has no dead letter 99/.test(nowhere.err)], [5, true]);
    assert.equal((await garrison(server, "discard", "siem")).code, 2, "all are thrown away only when asked for");
    assert.deepEqual((await garrison(server, "discard", "siem", "1")).out, "1 thrown away, 1 left\n");
    assert.deepEqual((await garrison(server, "replay", "siem")).out, "1 delivered, 0 failed, 0 left\n");
    const unknown = await garrison(server, "test", "nobody");
    assert.deepEqual([unknown.code, /sinks\/no-such-sink/.test(unknown.err)], [5, true]);
    assert.equal((await garrison(server, "replay", "siem", "x")).code, 2);
  } finally {
    hook.closeAllConnections();
    hook.close();
  }
});
