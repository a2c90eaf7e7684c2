// CPU per argv of redaction: command lines as machines really run them (nearly all without a secret), and ones that are full of secrets.
import { redactArguments } from "../../src/core/redact/redact.ts";

const ordinary: readonly (readonly string[])[] = [
  ["/usr/bin/ls", "-la", "/var/lib/dpkg"],
  ["sh", "-c", "test -f /etc/default/locale && . /etc/default/locale"],
  ["/usr/lib/systemd/systemd", "--switched-root", "--system", "--deserialize", "31"],
  ["node", "--enable-source-maps", "/srv/app/dist/server.js", "--port", "8080", "--workers=4"],
  [
    "/usr/local/bin/containerd-shim-runc-v2",
    "-namespace",
    "k8s.io",
    "-id",
    "c1ff219e94693c12ca69c33a3bc2b9ac998cb241ae0a8a3bc9caf8b62d718638",
    "-address",
    "/run/containerd/containerd.sock",
  ],
  ["gcc", "-O2", "-Wall", "-Iinclude", "-c", "-o", "build/main.o", "src/main.c"],
  ["grep", "-rn", "TODO", "src"],
  ["ps", "-eo", "pid,ppid,comm,args"],
  ["sleep", "30"],
  ["git", "rev-parse", "--abbrev-ref", "HEAD"],
];
const secret: readonly (readonly string[])[] = [
  ["mysql", "-h", "db", "-u", "root", "-phunter2", "shop"],
  ["curl", "-sS", "-H", "Authorization: Bearer abcdef0123456789", "https://api.local/v1/items?token=abcdef0123456789"],
  ["sh", "-c", "PGPASSWORD=hunter2 psql -h db -U bob shop -c 'select 1'"],
  ["docker", "login", "-u", "bob", "-p", "hunter2", "registry.local"],
];

function measure(lines: readonly (readonly string[])[], rounds: number): number {
  for (let round = 0; round < rounds / 10; round++) for (const line of lines) redactArguments(line);
  const before = process.cpuUsage();
  let kept = 0;
  for (let round = 0; round < rounds; round++) for (const line of lines) kept += redactArguments(line).arguments.length;
  const used = process.cpuUsage(before);
  if (kept === 0) throw new Error("nothing was measured");
  return (used.user + used.system) / (rounds * lines.length);
}

const perOrdinary = measure(ordinary, 50_000);
const perSecret = measure(secret, 10_000);
console.log(
  `redact: ${perOrdinary.toFixed(2)} us CPU per ordinary argv, ${perSecret.toFixed(2)} us per argv with secrets (x${(perSecret / perOrdinary).toFixed(1)})`,
);
