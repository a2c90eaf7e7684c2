// What the network tests make happen, run by the tests as a process inside their own cgroup and network namespace.
// Argument: the scenario's name. Prints what it did as JSON, so that the test can compare it with what the sensor saw.
import { fork } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

async function listen(server: Server, address: string): Promise<number> {
  server.listen(0, address);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** The client sends 1000 bytes and ends; the server answers 50 bytes and ends. */
async function exchange(address: string): Promise<object> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.resume();
    socket.on("end", () => socket.end(Buffer.alloc(50)));
  });
  const serverPort = await listen(server, address);
  const client = connect(serverPort, address);
  await once(client, "connect");
  const clientPort = client.localPort;
  client.resume();
  client.end(Buffer.alloc(1000));
  await once(client, "close");
  server.close();
  return { serverPort, clientPort };
}

async function reset(): Promise<object> {
  const server = createServer((socket) => socket.on("data", () => socket.resetAndDestroy()));
  const serverPort = await listen(server, "127.0.0.1");
  const client = connect(serverPort, "127.0.0.1");
  client.on("error", () => undefined);
  client.write("x");
  await new Promise((resolve) => client.once("close", resolve));
  server.close();
  return { serverPort };
}

async function refused(): Promise<object> {
  const client = connect(1, "127.0.0.1");
  client.on("error", () => undefined);
  await new Promise((resolve) => client.once("close", resolve));
  return {};
}

/** A connection that stays open for a while and talks a little now and then. */
async function long(): Promise<object> {
  const server = createServer((socket) => socket.resume());
  const serverPort = await listen(server, "127.0.0.1");
  const client = connect(serverPort, "127.0.0.1");
  await once(client, "connect");
  for (let round = 0; round < 10; round += 1) {
    client.write(Buffer.alloc(100));
    await sleep(60);
  }
  client.end();
  client.resume();
  await once(client, "close");
  server.close();
  return { serverPort };
}

/** This process accepts, and hands the accepted socket to another one that answers: the user of the connection is the other one. */
async function handedOver(): Promise<object> {
  const worker = fork(import.meta.filename, ["handed-over-worker"]);
  const server = createServer({ pauseOnConnect: true }, (socket) => worker.send("socket", socket));
  const serverPort = await listen(server, "127.0.0.1");
  const client = connect(serverPort, "127.0.0.1");
  client.write("question");
  client.resume();
  await once(client, "close");
  server.close();
  worker.kill();
  return { serverPort, workerPid: worker.pid };
}

async function udp(): Promise<object> {
  const server = createSocket("udp4");
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  const client = createSocket("udp4");
  client.bind(0, "127.0.0.1");
  await once(client, "listening");
  for (const bytes of [1, 100, 1400]) {
    client.send(Buffer.alloc(bytes), server.address().port, "127.0.0.1");
    await once(server, "message");
  }
  const ports = { serverPort: server.address().port, clientPort: client.address().port };
  client.close();
  server.close();
  return ports;
}

async function dns(): Promise<object> {
  const server = createSocket("udp4");
  server.bind(53, "127.0.0.1");
  await once(server, "listening");
  server.on("message", (message, from) =>
    server.send(Buffer.concat([message, Buffer.alloc(600, "a")]), from.port, from.address),
  );
  const client = createSocket("udp4");
  client.send("a question", 53, "127.0.0.1");
  await once(client, "message");
  client.send("b".repeat(3000), 53, "127.0.0.1");
  await once(client, "message");
  client.close();
  server.close();
  return {};
}

async function http(): Promise<object> {
  const server = createServer((socket: Socket) =>
    socket.once("data", () => socket.end("HTTP/1.1 204 No Content\r\n\r\n")),
  );
  const serverPort = await listen(server, "127.0.0.1");
  const client = connect(serverPort, "127.0.0.1");
  client.write("GET /path HTTP/1.1\r\nHost: example.test\r\n\r\n");
  client.resume();
  await once(client, "close");
  server.close();
  return { serverPort };
}

/** The first bytes and the connection in one call, without connect(2). */
async function fastOpen(): Promise<object> {
  const { default: koffi } = await import("koffi");
  const library = koffi.load("libc.so.6");
  const socket = library.func("int socket(int, int, int)");
  const sendto = library.func("int64_t sendto(int, void *, size_t, int, void *, uint32_t)");
  const close = library.func("int close(int)");
  const MSG_FASTOPEN = 0x20000000;
  const server = createServer((accepted) => accepted.resume());
  const serverPort = await listen(server, "127.0.0.1");
  const target = new DataView(new ArrayBuffer(16));
  target.setUint16(0, 2, true);
  target.setUint16(2, serverPort);
  target.setUint32(4, 0x7f000001);
  const descriptor = socket(2, 1, 0) as number;
  const sent = Number(sendto(descriptor, new Uint8Array(5), 5, MSG_FASTOPEN, new Uint8Array(target.buffer), 16));
  await once(server, "connection");
  close(descriptor);
  server.close();
  return { serverPort, sent };
}

const scenarios: Readonly<Record<string, () => Promise<object>>> = {
  tcp4: () => exchange("127.0.0.1"),
  tcp6: () => exchange("::1"),
  reset,
  refused,
  long,
  "handed-over": handedOver,
  udp,
  dns,
  http,
  "fast-open": fastOpen,
};

const name = process.argv[2] ?? "";
if (name === "handed-over-worker") {
  process.on("message", (_message, socket) =>
    (socket as Socket).once("data", () => (socket as Socket).end("answer")).resume(),
  );
} else {
  const did = await scenarios[name]?.();
  process.stdout.write(JSON.stringify({ pid: process.pid, ...did }));
}
