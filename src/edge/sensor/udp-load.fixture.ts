// A load generator for the sensor's tests and bench: sends datagrams as fast as libc takes them. Arguments: address, port, count, bytes,
// and over how many addresses from the given one on the sends are spread.
// Prints { pid, comm, sent, cpuUs } as JSON. Run as its own process, so that its cost is not the sensor's.
import { readFileSync } from "node:fs";
import koffi from "koffi";

const AF_INET = 2;
const SOCK_DGRAM = 2;

const [address = "127.0.0.1", port = "9", count = "1000", bytes = "64", spread = "1"] = process.argv.slice(2);
const libc = koffi.load("libc.so.6");
const socket = libc.func("int socket(int, int, int)");
const sendto = libc.func("int64_t sendto(int, void *, size_t, int, void *, uint32_t)");
const target = new Uint8Array(16);
const view = new DataView(target.buffer);
view.setUint16(0, AF_INET, true);
view.setUint16(2, Number(port));
const first = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
view.setUint32(4, first);
const payload = new Uint8Array(Number(bytes));
const descriptor = socket(AF_INET, SOCK_DGRAM, 0) as number;

let sent = 0;
const before = process.cpuUsage();
for (let index = 0; index < Number(count); index += 1) {
  if (spread !== "1") view.setUint32(4, first + (index % Number(spread)));
  if (Number(sendto(descriptor, payload, payload.length, 0, target, target.length)) === payload.length) sent += 1;
}
const used = process.cpuUsage(before);
const comm = readFileSync("/proc/self/comm", "utf8").trim();
process.stdout.write(JSON.stringify({ pid: process.pid, comm, sent, cpuUs: used.user + used.system }));
