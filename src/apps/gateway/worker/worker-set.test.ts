// A thread that dies comes back with its rules while the set goes on; one that dies again and again ends it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { silentLogger } from "../../../base/logger.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { smallRules, until } from "../gateway.fixture.ts";
import { say } from "../http/side.fixture.ts";
import { httpLimits } from "../limits.ts";
import { canHandOver } from "./descriptors.ts";
import { deathsPerMinuteMax, openWorkers } from "./worker-set.ts";

const flags = {
  mode: "block",
  paranoia: 1,
  inboundThreshold: 5,
  outboundThreshold: 4,
  responseBodies: false,
  settings: [],
} as const;

test("a worker that dies is started again under the same rules; too many deaths are the end", async (context) => {
  if (!skipUnless(context, canHandOver(), "descriptors between threads: Linux with glibc")) return;
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-workers-"));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, "rules.conf"), smallRules);
  const upstream = createHttpServer((_request, answer) => answer.end("fine")).listen(0, "127.0.0.1");
  context.after(() => upstream.close());
  await once(upstream, "listening");
  const restarts: string[] = [];
  const ends: Error[] = [];
  const workers = openWorkers({
    settings: {
      upstream: {
        host: "127.0.0.1",
        port: (upstream.address() as AddressInfo).port,
        protocol: "http1",
        isTls: false,
      },
      workload: undefined,
      trustedProxies: [],
      doubleFraming: "refuse",
      onBodyTooLarge: "block",
      limits: httpLimits,
    },
    threads: 1,
    needsInline: false,
    onRecords: () => undefined,
    logger: silentLogger,
    onRestart: (because) => restarts.push(because),
    onTooManyDeaths: (error) => ends.push(error),
    entry: new URL("./mortal.fixture.ts", import.meta.url),
  });
  const front = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
    workers.accept("proxy", socket, {
      door: "proxy",
      clientAddress: "127.0.0.1",
      clientPort: 1,
      serverAddress: "127.0.0.1",
      serverPort: 2,
      isTls: false,
    }),
  ).listen(0, "127.0.0.1");
  context.after(() => front.close());
  await once(front, "listening");
  const { port } = front.address() as AddressInfo;
  const ask = async (target: string): Promise<number> => {
    const answer = await say(port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
  };
  const die = async (): Promise<void> => {
    const before = restarts.length + ends.length;
    workers.setWorkload({ namespace: "dies", workload: "", services: [], labels: {} });
    await until(
      () => restarts.length + ends.length,
      (count) => count > before,
    );
  };
  const policies = { flags, policies: [], floor: undefined, nowMs: Date.now() };
  const loaded = await workers.all[0]?.load({ number: 1, paths: [folder], policies }, 0);
  assert.equal(loaded?.isLoaded, true);
  // The very same bytes come back, whatever is on disk by then.
  writeFileSync(path.join(folder, "rules.conf"), "SecAction nonsense");
  assert.equal(await ask("/?a=attack"), 403);
  for (let death = 0; death < deathsPerMinuteMax; death += 1) {
    await die();
    assert.deepEqual([await ask("/?a=attack"), await ask("/?a=b")], [403, 200]);
  }
  assert.deepEqual(new Set(restarts), new Set(["told to die"]));
  await die();
  assert.match(ends[0]?.message ?? "", /workers died 6 times in a minute, the last of: told to die/);
});
