// Syslog against real receivers on loopback: what arrives, byte by byte, over UDP, TCP and TLS; and receivers that are away, break off or show a wrong certificate.
import assert from "node:assert/strict";
import dgram from "node:dgram";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import net, { type AddressInfo } from "node:net";
import path from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import { tlsIdentity } from "../../../test/support/tls-identity.ts";
import { Sink, type SyslogTarget } from "../../model/sink.ts";
import { addressGuard } from "./guarded-address.ts";
import { lent, sampleEvent } from "./sinks.fixture.ts";
import { openSyslog } from "./syslog.ts";

function target(over: Record<string, unknown>): SyslogTarget {
  return Sink.parse({ to: { type: "syslog", host: "127.0.0.1", ...over } }).to as SyslogTarget;
}

interface Receiver extends AsyncDisposable {
  readonly port: number;
  /** Resolves when so many messages came. */
  take(count: number): Promise<readonly string[]>;
  /** Breaks every open connection. */
  breakOff(): void;
}

/** Messages by their counted octets, from any stream server. */
async function streamReceiver(server: net.Server): Promise<Receiver> {
  const messages: string[] = [];
  const sockets = new Set<net.Socket>();
  let arrived = (): void => undefined;
  server.on(server instanceof tls.Server ? "secureConnection" : "connection", (socket: net.Socket) => {
    sockets.add(socket);
    let rest = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const space = rest.indexOf(" ");
        const length = space === -1 ? Number.NaN : Number(rest.subarray(0, space).toString("ascii"));
        if (!(rest.length >= space + 1 + length)) break;
        messages.push(rest.subarray(space + 1, space + 1 + length).toString("utf8"));
        rest = rest.subarray(space + 1 + length);
      }
      arrived();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async take(count) {
      while (messages.length < count) await new Promise<void>((resolve) => (arrived = resolve));
      return messages.splice(0, count);
    },
    breakOff: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

test("UDP: one datagram a message, RFC 5424 with CEF in it", async () => {
  await using place = await lent();
  const server = dgram.createSocket("udp4");
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await using sink = await openSyslog(target({ port: server.address().port }), place.surroundings);
    const [[datagram], sent] = await Promise.all([
      once(server, "message") as Promise<[Buffer]>,
      sink.send([sampleEvent()]),
    ]);
    const text = datagram.toString("utf8");
    assert.ok(
      text.startsWith(
        "<131>1 2026-11-26T10:00:00.123Z node-1 garrison - security - CEF:0|Garrison|Garrison|1.2.3|Terminal shell in container|",
      ),
      text,
    );
    assert.deepEqual([sent.bytes, sent.cut, sent.detail], [datagram.length, 0, "sent; UDP is not acknowledged"]);
    const long = sampleEvent({ message: "ü".repeat(5000) });
    const [[bounded], cut] = await Promise.all([once(server, "message") as Promise<[Buffer]>, sink.send([long])]);
    assert.ok(bounded.length <= 2048);
    assert.equal(cut.cut, 1);
    assert.doesNotMatch(bounded.toString("utf8"), /\ufffd/, "no half character");
  } finally {
    server.close();
  }
});

test("UDP: nobody listens there: each message fails, the first one too, and it goes on when somebody does", async () => {
  await using place = await lent();
  const probe = dgram.createSocket("udp4");
  probe.bind(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  await using sink = await openSyslog(target({ port }), place.surroundings);
  for (let attempt = 0; attempt < 3; attempt += 1)
    await assert.rejects(sink.send([sampleEvent()]), { code: "sinks/unreachable", kind: "unavailable" });
  const server = dgram.createSocket("udp4");
  server.bind(port, "127.0.0.1");
  await once(server, "listening");
  const came = once(server, "message");
  await sink.send([sampleEvent()]);
  await came;
  server.close();
  await once(server, "close");
  // Of a receiver that was there it is told by a later message.
  await assert.rejects(
    async () => {
      for (;;) {
        await sink.send([sampleEvent()]);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    { code: "sinks/unreachable" },
  );
  await assert.rejects(sink.send([sampleEvent()]), { code: "sinks/unreachable" });
});

test("TCP: octets are counted, several messages on one connection, a line break in a message does no harm", async () => {
  await using place = await lent();
  await using receiver = await streamReceiver(net.createServer());
  await using sink = await openSyslog(
    target({ port: receiver.port, transport: "tcp", format: "falco" }),
    place.surroundings,
  );
  await sink.send([sampleEvent({ message: "süß\nzwei" }, 1), sampleEvent({}, 2)]);
  await sink.send([sampleEvent({}, 3)]);
  const messages = await receiver.take(3);
  const read = messages.map((text) => JSON.parse(text.slice(text.indexOf("{"))) as { uuid: string; output: string });
  assert.deepEqual(
    read.map(({ uuid }) => uuid.at(-1)),
    ["1", "2", "3"],
  );
  assert.match(read[0]?.output ?? "", /süß\nzwei$/);
});

test("TCP: nobody listens: a failure that may be tried again", async () => {
  await using place = await lent();
  const receiver = await streamReceiver(net.createServer());
  await receiver[Symbol.asyncDispose]();
  await using sink = await openSyslog(target({ port: receiver.port, transport: "tcp" }), place.surroundings);
  await assert.rejects(sink.send([sampleEvent()]), {
    code: "sinks/unreachable",
    kind: "unavailable",
    message: /ECONNREFUSED/,
  });
});

test("TCP: what a connection took before it broke comes again on the next one", async () => {
  await using place = await lent();
  const whole = await streamReceiver(net.createServer());
  let isFirst = true;
  // The first connection is reset with what came unread; later ones are passed on to a real receiver.
  const breaking = net.createServer((socket) => {
    socket.on("error", () => undefined);
    if (!isFirst) {
      const onward = net.connect(whole.port, "127.0.0.1");
      onward.on("error", () => undefined);
      socket.pipe(onward);
      return;
    }
    isFirst = false;
    socket.once("readable", () => socket.resetAndDestroy());
  });
  breaking.listen(0, "127.0.0.1");
  await once(breaking, "listening");
  const { port } = breaking.address() as AddressInfo;
  {
    await using sink = await openSyslog(target({ port, transport: "tcp", format: "falco" }), place.surroundings);
    await sink.send([sampleEvent({}, 1)]);
    // A write may still vanish in the broken connection, or fail: the caller repeats what failed, as the runner does.
    const seen = new Set<string>();
    void (async () => {
      for (;;) for (const text of await whole.take(1)) seen.add(/"uuid":"[^"]*(\d)"/.exec(text)?.[1] ?? "?");
    })();
    for (let number = 2; !(seen.has("1") && seen.has("2"));) {
      await sink.send([sampleEvent({}, number)]).then(
        () => (number = 3),
        () => undefined,
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  breaking.close();
  await whole[Symbol.asyncDispose]();
});

test("TLS: its own authority is trusted, another one and another name are not", async () => {
  await using place = await lent();
  const { cert, key, ca } = await tlsIdentity();
  await using receiver = await streamReceiver(tls.createServer({ cert, key }));
  await writeFile(path.join(place.surroundings.secretsFolder, "siem-ca.pem"), ca);
  const open = (tlsOptions: object) =>
    openSyslog(target({ port: receiver.port, transport: "tls", tls: tlsOptions }), place.surroundings);
  {
    await using sink = await open({ authorityFile: "siem-ca.pem" });
    assert.equal((await sink.send([sampleEvent()])).detail, "sent; TLS took it");
    assert.match((await receiver.take(1))[0] ?? "", /^<131>1 .*CEF:0/);
  }
  await using unknown = await open({});
  await assert.rejects(unknown.send([sampleEvent()]), { code: "sinks/unreachable", message: /certificate|issuer/ });
  await using other = await open({ authorityFile: "siem-ca.pem", serverName: "siem.example" });
  await assert.rejects(other.send([sampleEvent()]), { code: "sinks/unreachable", message: /altnames|siem\.example/i });
  await assert.rejects(open({ authorityFile: "missing.pem" }), { code: "sinks/not-there" });
});

test("a receiver that takes nothing is left after a time", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  await using place = await lent();
  const server = net.createServer((socket) => socket.pause());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sink = await openSyslog(
    target({ port, transport: "tcp", messageBytesMax: 65_000, format: "garrison" }),
    place.surroundings,
  );
  const large = Array.from({ length: 100 }, (_, number) => sampleEvent({ message: "x".repeat(64_000) }, number));
  const failed = assert.rejects(
    async () => {
      for (;;) await sink.send(large);
    },
    { code: "sinks/timeout" },
  );
  const ticking = setInterval(() => context.mock.timers.tick(1000), 50);
  await failed;
  clearInterval(ticking);
  context.mock.timers.reset();
  server.close();
  await sink[Symbol.asyncDispose]();
});

test("metadata addresses are refused, in every spelling, unless the server allows them", async () => {
  await using place = await lent();
  for (const host of [
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "fe80::1",
    "64:ff9b::a9fe:a9fe",
    "fd00:ec2::254",
    "100.100.100.200",
    "224.0.0.1",
    "0.0.0.0",
  ])
    await assert.rejects(openSyslog(target({ host }), place.surroundings), { code: "sinks/refused-address" }, host);
  await using allowing = await lent({ guard: addressGuard(["169.254.0.0/16"]) });
  await using sink = await openSyslog(target({ host: "169.254.1.1" }), allowing.surroundings);
  assert.equal(sink.batchMax, 1);
  assert.throws(() => addressGuard(["nonsense"]), { code: "sinks/allowed-address" });
});
