// For policy-packets.bench.ts: new UDP flows at a rate, from a process of its own, so that its CPU is not ours. Arguments: address, flows, flows per second.
// Prints the milliseconds that it took.
import { addressBytes } from "../../src/edge/dataplane/nftables/address-bytes.ts";
import { check, sendto, socket, socketAddress } from "../support/netns/libc.ts";

const [address = "", flows = "0", rate = "1"] = process.argv.slice(2);
const bytes = addressBytes(address);
if (bytes === undefined) throw new Error(`not an address: ${address}`);
const portsEach = 30_000;
const payload = new Uint8Array([1]);
const start = performance.now();
let descriptor = -1;
for (let index = 0; index < Number(flows); index += 1) {
  if (index % portsEach === 0) descriptor = check(socket(2, 2, 0), "socket");
  const to = socketAddress(bytes, 10_000 + (index % portsEach));
  sendto(descriptor, payload, to, to.length);
  while (performance.now() - start < (index / Number(rate)) * 1000) continue;
}
console.log(String(Math.round(performance.now() - start)));
