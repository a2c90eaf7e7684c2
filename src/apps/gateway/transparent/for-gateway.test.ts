// The whole gateway with transparent mode: rules of a file, an attack blocked, the application's answer for the rest, nothing left at the end.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { silentLogger } from "../../../base/logger.ts";
import { runInNetns, type NetworkNamespace } from "../../../../test/support/netns/namespace.ts";
import type { WafWorkload } from "../../../core/waf/policy/target.ts";
import { WafPolicy } from "../../../model/waf-policy.ts";
import { createHttpSide } from "../http/create-http-side.ts";
import type { HttpSideOptions } from "../http/http-side.ts";
import { denied, scriptedInspector } from "../http/side.fixture.ts";
import { httpLimits } from "../limits.ts";
import { openNftables } from "../../../edge/dataplane/nftables/open-nftables.ts";
import { runGateway } from "../main.ts";
import { transparentFor } from "./for-gateway.ts";
import { openTransparent, parseTransparentFlags } from "./open-transparent.ts";
import { app4, app6, client4, nextData, node4, dial, exchange, get, openWorld, serveIn } from "./rig.fixture.ts";

test("flags of transparent mode", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["shop:8080", ["/run/netns/shop", "netns shop", ["8080 open"]]],
    ["shop:8080,9090:closed", ["/run/netns/shop", "netns shop", ["8080 closed", "9090 closed"]]],
    ["/proc/12/ns/net:80:open", ["/proc/12/ns/net", "/proc/12/ns/net", ["80 open"]]],
  ];
  for (const [text, expected] of cases) {
    const [found] = parseTransparentFlags([text]).wanted;
    assert.ok(found !== undefined);
    const ports = found.ports.map(({ port, onDown }) => `${port} ${onDown}`);
    assert.deepEqual([found.netns, found.label, ports], expected, text);
  }
  for (const bad of ["", "shop", "shop:", "shop:0", "shop:70000", "shop:80,80", "../x:80", "a b:80", "shop:80:ajar"]) {
    assert.throws(() => parseTransparentFlags([bad]), { code: "gateway/transparent" }, bad);
  }
  assert.throws(() => parseTransparentFlags(["a:1", "a:2"]), { code: "gateway/transparent" });
  assert.deepEqual(parseTransparentFlags(["policies"]), { wanted: [], byPolicy: true });
});

test("garrison's gateway turns a workload's port by rules of a file", async (context) => {
  const star = openWorld(context);
  if (star === undefined) return;
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-waf-"));
  const rules = path.join(folder, "rules.conf");
  writeFileSync(
    rules,
    [
      "SecRuleEngine On",
      'SecRule ARGS "@contains attack" "id:1,phase:2,deny,status:403"',
      'SecRule REQUEST_HEADERS:User-Agent "@contains kube-probe" "id:2,phase:1,deny,status:403"',
    ].join("\n"),
  );
  const app = star.pod("app");
  serveIn(
    context,
    app,
    8080,
    createHttpServer((request, response) =>
      response.end(`peer ${request.socket.remoteAddress?.replace("::ffff:", "")}`),
    ),
  );
  const stop = new AbortController();
  const notices: string[] = [];
  const flags = parseTransparentFlags([`${app.path}:8080:closed`]);
  const options = {
    flags,
    folder: path.join(folder, "watchdog"),
    drainMs: 0,
    isNodeAddress: (address: string) => address === node4,
    logger: silentLogger,
  };
  const notice = (line: string): void => void notices.push(line);
  let gateway: Promise<void> | undefined;
  let statusAddress = "";
  const ready = new Promise<void>((resolve, reject) => {
    gateway = runGateway(
      { rules: [rules], mode: "block", workers: 0, drainSeconds: 0, status: "127.0.0.1:0" },
      {
        logger: silentLogger,
        signal: stop.signal,
        ready: ({ addresses }) => {
          statusAddress = addresses["status"] ?? "";
          resolve();
        },
        notice,
        openMore: transparentFor({ ...options, notice }),
      },
    );
    gateway.catch(reject);
  });
  context.after(async () => {
    stop.abort();
    await gateway;
    star.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await ready;
  const client = star.pod("client");
  assert.match(await exchange(await dial(client, app4, 8080), get("/?q=fine")), new RegExp(`200 [^]*peer ${client4}`));
  for (const to of [app4, app6]) {
    assert.match(await exchange(await dial(client, to, 8080), get("/?q=attack")), /^HTTP\/1.1 403 /);
  }
  const probe =
    "GET /healthz HTTP/1.1\r\nHost: 10.1.0.3:8080\r\nUser-Agent: kube-probe/1.33\r\nAccept: */*\r\nConnection: close\r\n\r\n";
  const ask = async (from: NetworkNamespace, text: string): Promise<string> =>
    (await exchange(await dial(from, app4, 8080), text)).slice(9, 12);
  assert.equal(await ask(star.router, probe), "200", "a kubelet's probe is told, not blocked");
  assert.equal(await ask(client, probe), "403", "from elsewhere it is a request like others");
  assert.equal(await ask(star.router, probe.replace("/healthz", "/healthz?q=attack")), "403");
  assert.ok(
    notices.some((line) => line.startsWith("turned ") && line.includes("8080 (closed")),
    notices.join("\n"),
  );
  const status = (await (await fetch(statusAddress)).json()) as {
    readonly transparent: { readonly connections: number; readonly workloads: readonly unknown[] };
  };
  assert.deepEqual([status.transparent.connections, status.transparent.workloads.length], [6, 1]);
  stop.abort();
  await gateway;
  assert.match(await exchange(await dial(client, app4, 8080), get("/?q=attack")), /^HTTP\/1.1 200 /);
});

test("workloads come and go: connections of those that go live on, and one that comes back is turned again", async (context) => {
  const star = openWorld(context);
  if (star === undefined) return;
  const app = star.pod("app");
  serveIn(context, app, 8080, (socket) => {
    socket.on("data", (chunk: Buffer) => socket.write(chunk));
    socket.on("end", () => socket.end());
  });
  const nowMs = Date.now;
  const mode = openTransparent({
    openDataplane: (given) => openNftables({ ...given, clock: { nowMs }, logger: silentLogger }),
    onNotice: () => undefined,
    nowMs,
    logger: silentLogger,
  });
  context.after(async () => {
    await mode.close(0);
    star.close();
  });
  const client = star.pod("client");
  const wanted = { netns: app.path, label: "app", ports: [{ port: 8080, onDown: "open" as const }] };
  const echo = async (socket: Socket): Promise<string> => {
    socket.write("*1\r\n");
    return nextData(socket);
  };
  assert.deepEqual(await mode.set([wanted]), []);
  const first = await dial(client, app4, 8080);
  await echo(first);
  assert.deepEqual([mode.figures.connections, mode.status().length], [1, 1]);
  assert.deepEqual(await mode.set([]), []);
  assert.equal(mode.status().length, 0);
  const past = await dial(client, app4, 8080);
  assert.equal(await echo(past), "*1\r\n");
  assert.equal(await echo(first), "*1\r\n");
  assert.equal(mode.figures.connections, 1);
  assert.deepEqual(await mode.set([wanted]), []);
  const third = await dial(client, app4, 8080);
  for (const socket of [third, past, first]) assert.equal(await echo(socket), "*1\r\n");
  assert.equal(mode.figures.connections, 2);
  const problems = await mode.set([wanted, { ...wanted, netns: "/run/netns/no-such-garrison", label: "nobody" }]);
  assert.deepEqual(problems, ["nobody: network namespace /run/netns/no-such-garrison cannot be opened"]);
  for (const socket of [third, past, first]) socket.destroy();
});

test("a policy of the server turns the ports of the pods that it is for, as long as it says so", async (context) => {
  const star = openWorld(context);
  if (star === undefined) return;
  const app = star.pod("app");
  serveIn(
    context,
    app,
    8080,
    createHttpServer((_request, response) => response.end("fine")),
  );
  const process_ = runInNetns(app, [process.execPath, "-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const pod = {
    kind: "pod",
    hostNetwork: false,
    namespace: "shop",
    workload: "checkout",
    pod: "checkout-1",
    services: ["checkout"],
    labels: { tier: "web" },
  };
  const link = {
    hasHeard: true,
    policies: [] as { scope: string; name: string; generation: number; spec: WafPolicy }[],
    book: {
      byAddress: ({ address }: { address: string }) =>
        address === app4 ? { is: "known", entry: pod } : { is: "outside" },
    },
    outbox: { security: () => undefined, gap: () => undefined },
  };
  const seen: (WafWorkload | undefined)[] = [];
  const { inspector } = scriptedInspector({
    requestHead: (head) => (head.target.includes("attack") ? denied : undefined),
  });
  const core = {
    openSide: (given: Pick<HttpSideOptions, "upstreamFor" | "forwarded">) =>
      createHttpSide({
        ...given,
        inspector: {
          begin: (source, head) => {
            seen.push(source.workload);
            return inspector.begin(source, head);
          },
        },
        isTrustedProxy: () => false,
        limits: httpLimits,
        nowMs: Date.now,
        logger: silentLogger,
      }),
  };
  const notices: string[] = [];
  const open = transparentFor({
    flags: parseTransparentFlags(["policies"]),
    drainMs: 0,
    notice: (line) => notices.push(line),
    logger: silentLogger,
  });
  const mode = await open(core as never, { link: link as never });
  context.after(async () => {
    await mode.close();
    process_.kill("SIGKILL");
    star.close();
  });
  const attack = async (): Promise<string> =>
    (await exchange(await dial(star.pod("client"), app4, 8080), get("/attack"))).slice(9, 12);
  const becomes = async (status: string): Promise<void> => {
    for (let turn = 0; (await attack()) !== status; turn += 1) {
      assert.ok(turn < 600, notices.join("\n"));
      await delay(100);
    }
  };
  assert.equal(await attack(), "200");
  const spec = WafPolicy.parse({ target: { selector: "tier == 'web'" }, ports: [8080], mode: "block" });
  link.policies = [{ scope: "global", name: "shop", generation: 1, spec }];
  await becomes("403");
  assert.deepEqual(seen.at(-1), {
    namespace: "shop",
    workload: "checkout",
    services: ["checkout"],
    labels: { tier: "web" },
  });
  link.policies = [];
  await becomes("200");
});
