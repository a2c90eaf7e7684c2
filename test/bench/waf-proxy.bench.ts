// What the WAF adds to a request through our reverse proxy: the same proxy with it off and on, under wrk, by turns. nginx answers behind it.
// Prints p50 and p99 with one connection (no queue: what one request waits) and with many (a loaded proxy), requests a second, CPU of the proxy per request.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";

const rules = path.resolve(import.meta.dirname, process.env["GARRISON_BENCH_CRS"] ?? "../../../shared/data/crs");
const rounds = Number(process.env["GARRISON_BENCH_ROUNDS"] ?? "5");
const secondsPerRun = Number(process.env["GARRISON_BENCH_SECONDS"] ?? "3");
const connectionCounts = [1, 16] as const;
const kinds = ["east", "json"] as const;
type Kind = (typeof kinds)[number];

const entry = path.resolve(import.meta.dirname, "../../bin/garrison.js");
const folder = mkdtempSync(path.join(os.tmpdir(), "garrison-waf-proxy-"));
const children: ChildProcess[] = [];

/** Fresh values for each request, as the mix of waf.bench.ts has them. */
const scripts: Readonly<Record<Kind, string>> = {
  east: `local n = 0
request = function()
  n = n + 1
  local path = string.format("/v1/orders/%d?fields=total,lines&limit=%d", math.random(1000000), math.random(200))
  return wrk.format("GET", path, { ["Host"] = "orders.shop.svc.cluster.local", ["User-Agent"] = "Go-http-client/1.1", ["Accept"] = "application/json",
    ["X-Request-Id"] = string.format("%08x-%04x", math.random(2000000000), n % 65536) })
end
`,
  json: `request = function()
  local lines = {}
  for i = 1, 12 do lines[i] = string.format('{"sku":"LAN-%d","title":"a silver lantern","quantity":%d,"price":%d.50,"note":"wrapped for the garden near Porto, %d days late"}', math.random(100000), math.random(5), math.random(90), math.random(30)) end
  local body = string.format('{"id":"%08x","customer":{"name":"Ada Lund","email":"ada.%d@mail.example"},"lines":[%s],"comment":"the parcel was opened and kept in the cellar"}', math.random(2000000000), math.random(1000), table.concat(lines, ","))
  return wrk.format("POST", "/api/orders", { ["Host"] = "shop.example", ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)", ["Accept"] = "application/json", ["Content-Type"] = "application/json" }, body)
end
`,
};

interface Run {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly perSecond: number;
  readonly cpuUs: number;
}

try {
  process.exitCode = await main();
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}

async function main(): Promise<number> {
  for (const program of ["wrk", "nginx"]) {
    if (spawnSync("which", [program]).status === 0) continue;
    console.error(`${program} is not there (apt-get install wrk nginx)`);
    return 2;
  }
  const upstream = await startNginx();
  const off = await startGateway(upstream, "off");
  const on = await startGateway(upstream, "block");
  for (const kind of kinds) writeFileSync(path.join(folder, `${kind}.lua`), scripts[kind]);
  for (const kind of kinds) {
    for (const gateway of [off, on]) run(gateway, kind, 4, 2);
    for (const connections of connectionCounts) compare(kind, connections, off, on);
  }
  for (const [name, { child }] of Object.entries({ off, on })) {
    console.log(`resident, WAF ${name}: ${(residentKib(child) / 1024).toFixed(0)} MiB`);
  }
  return 0;
}

function compare(kind: Kind, connections: number, off: Gateway, on: Gateway): void {
  const [without, withWaf]: [Run[], Run[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    without.push(run(off, kind, connections, secondsPerRun));
    withWaf.push(run(on, kind, connections, secondsPerRun));
  }
  const of = (runs: readonly Run[], field: keyof Run): number => median(runs.map((one) => one[field]));
  const added = (field: "p50Us" | "p99Us"): string => (of(withWaf, field) - of(without, field)).toFixed(0);
  console.log(
    `${kind}, ${connections} connection${connections === 1 ? "" : "s"}: added p50 ${added("p50Us")} us, p99 ${added("p99Us")} us` +
      ` (off ${of(without, "p50Us")} / ${of(without, "p99Us")}, on ${of(withWaf, "p50Us")} / ${of(withWaf, "p99Us")}); requests/s off ${of(without, "perSecond").toFixed(0)}, on ${of(withWaf, "perSecond").toFixed(0)};` +
      ` CPU per request off ${of(without, "cpuUs").toFixed(0)} us, on ${of(withWaf, "cpuUs").toFixed(0)} us`,
  );
}

interface Gateway {
  readonly port: number;
  readonly child: ChildProcess;
}

async function startNginx(): Promise<number> {
  const port = await freePort();
  const file = path.join(folder, "nginx.conf");
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000000; client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${port}; location / { default_type application/json; return 200 '{"ok":true}'; } }
}
`,
  );
  children.push(spawn("nginx", ["-c", file, "-p", folder], { stdio: "inherit" }));
  await listening(port);
  return port;
}

async function startGateway(upstream: number, mode: "off" | "block"): Promise<Gateway> {
  const port = await freePort();
  const words = [
    "waf",
    "serve",
    "--rules",
    rules,
    "--listen",
    `127.0.0.1:${port}`,
    "--upstream",
    `http://127.0.0.1:${upstream}`,
    "--mode",
    mode,
  ];
  const child = spawn(process.execPath, [entry, ...words, "--workers", "1", "--data", folder], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  children.push(child);
  await listening(port);
  return { port, child };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    // oxlint-disable-next-line no-await-in-loop
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (isOpen) return;
    // oxlint-disable-next-line no-await-in-loop
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nobody listens on port ${port}`);
}

function run({ port, child }: Gateway, kind: Kind, connections: number, seconds: number): Run {
  const before = cpuMs(child);
  const words = [
    "-t1",
    `-c${connections}`,
    `-d${seconds}s`,
    "--latency",
    "-s",
    path.join(folder, `${kind}.lua`),
    `http://127.0.0.1:${port}`,
  ];
  const { stdout } = spawnSync("wrk", words, { encoding: "utf8" });
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1];
  if (bad !== undefined)
    throw new Error(`${bad} answers were no 2xx: the figures would be of something else\n${stdout}`);
  const total = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
  const quantile = (share: number): number =>
    microseconds(new RegExp(`^\\s*${share}%\\s+(\\S+)`, "m").exec(stdout)?.[1] ?? "");
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0);
  return {
    p50Us: quantile(50),
    p99Us: quantile(99),
    perSecond,
    cpuUs: ((cpuMs(child) - before) * 1000) / Math.max(1, total),
  };
}

function microseconds(text: string): number {
  const [, number = "NaN", unit = ""] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? [];
  return Number(number) * (unit === "s" ? 1_000_000 : unit === "ms" ? 1000 : 1);
}

/** User and system time of a process with all its threads; the kernel counts in hundredths of a second. */
function cpuMs({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function residentKib({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}
