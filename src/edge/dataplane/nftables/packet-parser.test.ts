// Reports of packets as bytes: what is read of each kind, what is counted, and that no bytes at all are an error.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { addressBytes } from "./address-bytes.ts";
import { generalHeader, subsystem } from "./constants.ts";
import { createWriter } from "./netlink/writer.ts";
import { createPacketParser } from "./packet-parser.ts";

const parser = () => createPacketParser({ interfaceName: (index) => `if${index}`, nowMs: () => 1234 });

interface Report {
  readonly prefix?: string;
  readonly payload?: Uint8Array;
  readonly sequence?: number;
  readonly timeSeconds?: number;
}

function datagram(reports: readonly Report[]): Uint8Array {
  const writer = createWriter();
  for (const report of reports) {
    writer.begin(subsystem.log << 8, 0, generalHeader(2, 4714));
    if (report.prefix !== undefined) writer.text(10, report.prefix);
    if (report.timeSeconds !== undefined) {
      const time = new Uint8Array(16);
      new DataView(time.buffer).setBigUint64(0, BigInt(report.timeSeconds));
      new DataView(time.buffer).setBigUint64(8, 7000n);
      writer.bytes(3, time);
    }
    writer.u32be(4, 7);
    if (report.sequence !== undefined) writer.u32be(12, report.sequence);
    if (report.payload !== undefined) writer.bytes(9, report.payload);
    writer.end();
  }
  return writer.take().slice();
}

function bytesOf(address: string): Uint8Array {
  const bytes = addressBytes(address);
  assert.ok(bytes);
  return bytes;
}

function v4(protocol: number, rest: readonly number[], fragment = 0): Uint8Array {
  const head = [0x45, 0, 0, 60, 0, 0, fragment >> 8, fragment & 255, 64, protocol, 0, 0];
  return Uint8Array.of(...head, ...bytesOf("10.0.0.1"), ...bytesOf("10.0.0.2"), ...rest);
}

function v6(next: number, rest: readonly number[]): Uint8Array {
  return Uint8Array.of(0x60, 0, 0, 0, 0, 20, next, 64, ...bytesOf("fd00::1"), ...bytesOf("fd00::2"), ...rest);
}

const ports = [0x1f, 0x90, 0, 80];
const prefix = "D|e|1f03c2d4";

test("headers of every protocol are read, also behind extension headers and when they are cut off", () => {
  const cases: readonly (readonly [Uint8Array, object])[] = [
    [v4(6, ports), { protocol: 6, sourcePort: 8080, destinationPort: 80, bytes: 60, source: "10.0.0.1" }],
    [v4(17, ports), { protocol: 17, sourcePort: 8080, destinationPort: 80 }],
    [v4(132, ports), { protocol: 132, sourcePort: 8080, destinationPort: 80 }],
    [v4(6, ports, 100), { protocol: 6, sourcePort: 0, destinationPort: 0 }],
    [v4(6, []), { protocol: 6, sourcePort: 0, destinationPort: 0 }],
    [v4(1, [8, 0]), { protocol: 1, icmpType: 8, icmpCode: 0, sourcePort: 0 }],
    [v4(47, ports), { protocol: 47, sourcePort: 0 }],
    [v6(6, ports), { protocol: 6, sourcePort: 8080, destinationPort: 80, bytes: 60, destination: "fd00::2" }],
    [v6(58, [135, 0]), { protocol: 58, icmpType: 135, icmpCode: 0 }],
    [v6(0, [17, 0, 0, 0, 0, 0, 0, 0, ...ports]), { protocol: 17, sourcePort: 8080 }],
    [v6(44, [17, 0, 0, 0, 0, 0, 0, 0, ...ports]), { protocol: 17, sourcePort: 8080 }],
    [v6(44, [17, 0, 0, 9, 0, 0, 0, 0, ...ports]), { protocol: 17, sourcePort: 0 }],
  ];
  for (const [payload, expected] of cases) {
    const { packets, unreadable } = parser().parse(datagram([{ prefix, payload }]));
    assert.equal(unreadable, 0);
    assert.partialDeepStrictEqual(packets, [{ ...expected, ruleId: 0x1f03c2d4, verdict: "deny", direction: "egress" }]);
    assert.equal(packets[0]?.inInterface, "if7");
    assert.equal(packets[0]?.timeMs, 1234);
  }
  const timed = parser().parse(datagram([{ prefix, payload: v4(6, ports), timeSeconds: 5 }]));
  assert.equal(timed.packets[0]?.timeMs, 5007);
});

test("gaps in the kernel's numbers are losses, also over the end of 32 bits", () => {
  const one = parser();
  const payload = v4(6, ports);
  const count = (...list: readonly number[]): number =>
    one.parse(datagram(list.map((sequence) => ({ prefix, payload, sequence })))).lost;
  assert.equal(count(10, 11, 12), 0);
  assert.equal(count(15), 2);
  assert.equal(count(0xffff_fffe), 0xffff_fffe - 16);
  assert.equal(count(0xffff_ffff, 0, 2), 1);
});

test("what is not ours is counted, not believed", () => {
  const payload = v4(6, ports);
  const strange = ["", "X|e|1f03c2d4", "D|x|1f03c2d4", "D|e|1F03C2D4", "D|e|1f03", "kernel: dropped"];
  for (const text of strange) {
    const { packets, unreadable } = parser().parse(datagram([{ prefix: text, payload }]));
    assert.deepEqual([packets.length, unreadable], [0, 1], text);
  }
  for (const bad of [
    new Uint8Array(0),
    v4(6, ports).subarray(0, 19),
    v6(6, ports).subarray(0, 39),
    Uint8Array.of(0x50),
  ]) {
    assert.equal(parser().parse(datagram([{ prefix, payload: bad }])).unreadable, 1);
  }
});

test("any bytes are read without an error, and a cut datagram gives what stood before the cut", () => {
  const whole = datagram([
    { prefix, payload: v4(6, ports) },
    { prefix, payload: v6(6, ports) },
  ]);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(whole.length), fc.nat(255), (junk, cut, byte) => {
      parser().parse(junk);
      const changed = whole.slice();
      changed[cut] = byte;
      parser().parse(changed);
      assert.ok(parser().parse(whole.subarray(0, cut)).packets.length <= 2);
    }),
  );
  assert.equal(parser().parse(whole).packets.length, 2);
});
