// Transparent mode on the real kernel, rules left out: what a turned connection costs over a direct one, by new connections and by requests on open
// ones, and CPU of the gateway's process. Application and client share this process; needs root.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Socket, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { withNetns } from "../../src/edge/dataplane/nftables/netlink/netns.ts";
import { check, socket as rawSocket } from "../support/netns/libc.ts";
import type { NetworkNamespace } from "../support/netns/namespace.ts";
import { openStar } from "../support/netns/star.ts";

const app4 = "10.1.0.3";
const fixture = path.join(import.meta.dirname, "../../src/apps/gateway/transparent/gateway.fixture.ts");
const request = "GET /item HTTP/1.1\r\nHost: app\r\n\r\n";
const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** User and system time of a process in milliseconds (ticks of 10 ms). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function dial(from: NetworkNamespace, port: number): Promise<Socket> {
  const descriptor = from.inside(() => check(rawSocket(2, 1 | 0o4000 | 0o2000000, 0), "socket"));
  const options = { fd: descriptor, manualStart: true, noDelay: true };
  const socket = new Socket(options);
  socket.connect({ host: app4, port });
  await once(socket, "connect");
  return socket;
}

async function ask(socket: Socket, text: string): Promise<void> {
  socket.write(text);
  await once(socket, "data");
}

function told(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): string => ((sorted[Math.floor(sorted.length * share)] ?? 0) * 1000).toFixed(0);
  return `p50 ${at(0.5)} us, p99 ${at(0.99)} us`;
}

/** One at a time: an opened connection, one exchange, closed. */
async function connections(from: NetworkNamespace, port: number, text: string): Promise<number[]> {
  const times: number[] = [];
  for (let turn = 0; turn < 1500; turn += 1) {
    const began = performance.now();
    const socket = await dial(from, port);
    await ask(socket, text);
    times.push(performance.now() - began);
    socket.resetAndDestroy();
  }
  return times.slice(300);
}

async function requests(from: NetworkNamespace, port: number, text: string): Promise<number[]> {
  const socket = await dial(from, port);
  const times: number[] = [];
  for (let turn = 0; turn < 6000; turn += 1) {
    const began = performance.now();
    await ask(socket, text);
    times.push(performance.now() - began);
  }
  socket.destroy();
  return times.slice(1000);
}

const star = openStar({
  pods: [
    { name: "client", addresses: ["10.1.0.2"] },
    { name: "app", addresses: [app4] },
  ],
});
const folder = mkdtempSync(path.join(tmpdir(), "garrison-bench-"));
const servers = [8080, 8081].map((port) => {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => socket.write(chunk[0] === 71 ? answer : chunk));
  });
  withNetns(star.pod("app").path, () => server.listen(port));
  return server;
});
const gateway = spawn(process.execPath, [fixture, star.pod("app").path, "8080", "open", folder], {
  stdio: ["ignore", "pipe", "inherit"],
});
try {
  await once(gateway.stdout, "data");
  const client = star.pod("client");
  const pid = gateway.pid ?? 0;
  for (const [name, text] of [
    ["HTTP", request],
    ["other protocol", "*1\r\n"],
  ] as const) {
    for (const [what, measure] of [
      ["connections with one exchange", connections],
      ["exchanges on one connection", requests],
    ] as const) {
      const direct = await measure(client, 8081, text);
      const before = cpuMs(pid);
      const turned = await measure(client, 8080, text);
      const all = turned.length * (what === "exchanges on one connection" ? 1.2 : 1.25);
      const cpuUs = ((cpuMs(pid) - before) / all) * 1000;
      console.log(
        `${name}, ${what}: direct ${told(direct)}; turned ${told(turned)}; gateway ${cpuUs.toFixed(0)} us CPU each`,
      );
    }
  }
} finally {
  gateway.kill("SIGTERM");
  await once(gateway, "exit");
  for (const server of servers) server.close();
  star.close();
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
}
