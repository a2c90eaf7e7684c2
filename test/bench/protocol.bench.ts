// CPU per message of the parsers of first bytes: DNS question and answer paired, an HTTP request, a TLS hello's start.
import { createDnsExchanges } from "../../src/core/protocol/dns-exchange.ts";
import { readHttpRequest } from "../../src/core/protocol/http1.ts";
import { readTlsClientHello } from "../../src/core/protocol/tls-client-hello.ts";
import type { DnsPacketEvent } from "../../src/core/sense/sensor.ts";

function measure(rounds: number, body: (round: number) => boolean): number {
  for (let round = 0; round < rounds / 10; round++) body(round);
  const before = process.cpuUsage();
  let good = 0;
  for (let round = 0; round < rounds; round++) if (body(round)) good += 1;
  const used = process.cpuUsage(before);
  if (good !== rounds) throw new Error(`only ${good} of ${rounds} were read`);
  return (used.user + used.system) / rounds;
}

const name = [3, 119, 119, 119, 7, 101, 120, 97, 109, 112, 108, 101, 3, 111, 114, 103, 0];
const question = Uint8Array.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 1, 0, 1]);
const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1];
const answer = Uint8Array.from([0, 7, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0, ...name, 0, 1, 0, 1, ...record, ...record]);
const asked: DnsPacketEvent = {
  type: "dns",
  timeMs: 1,
  process: { pid: 1, startMs: 1 },
  comm: "curl",
  cgroupId: 1,
  payload: question,
  payloadCut: false,
  direction: "outbound",
  localAddress: "10.0.0.2",
  localPort: 40_000,
  remoteAddress: "10.0.0.53",
  remotePort: 53,
};
const answered: DnsPacketEvent = { ...asked, timeMs: 2, direction: "inbound", payload: answer };
const request = Buffer.from(
  "GET /api/items?page=2 HTTP/1.1\r\nUser-Agent: curl/8\r\nAccept: */*\r\nHost: shop.local\r\n\r\n",
);
const host = Buffer.from("shop.example.org");
const extension = [0, 0, 0, host.length + 5, 0, host.length + 3, 0, 0, host.length, ...host];
const body = [3, 3, ...Array.from({ length: 32 }, () => 7), 0, 0, 2, 0x13, 1, 1, 0, 0, extension.length, ...extension];
const hello = Uint8Array.from([22, 3, 1, 0, body.length + 4, 1, 0, 0, body.length, ...body]);

const exchanges = createDnsExchanges();
const dns = measure(
  300_000,
  () => exchanges.observe(asked) === undefined && exchanges.observe(answered)?.latencyUs === 1000,
);
const http = measure(300_000, () => readHttpRequest(request).ok);
const tls = measure(300_000, () => readTlsClientHello(hello).ok);
console.log(
  `protocol: ${dns.toFixed(2)} us CPU per DNS exchange (two packets), ${http.toFixed(2)} us per HTTP request, ${tls.toFixed(2)} us per ClientHello`,
);
