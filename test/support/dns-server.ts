// A DNS server and a DNS client for tests: real sockets on both ends, every byte of an answer chosen by the test.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";

export interface DnsRecord {
  readonly name: string;
  /** IANA number; A is 1, CNAME 5, AAAA 28. */
  readonly type: number;
  readonly ttl: number;
  /** Default 1 (IN). */
  readonly class?: number;
  readonly data: readonly number[];
}

export interface DnsWords {
  readonly id?: number;
  readonly flags?: number;
  readonly question: string;
  readonly type?: number;
  readonly class?: number;
  readonly answers?: readonly DnsRecord[];
  readonly authority?: readonly DnsRecord[];
  readonly additional?: readonly DnsRecord[];
}

function u16(value: number): number[] {
  return [(value >> 8) & 255, value & 255];
}

export function encodeName(name: string): number[] {
  return [...(name === "." ? [] : name.split(".")).flatMap((label) => [label.length, ...Buffer.from(label)]), 0];
}

/** Names equal to the question's are written as a pointer to it, as servers do. */
export function encodeDns(words: DnsWords): Buffer {
  const { answers = [], authority = [], additional = [] } = words;
  const records = [...answers, ...authority, ...additional].map((record) =>
    Buffer.from([
      ...(record.name === words.question ? [0xc0, 12] : encodeName(record.name)),
      ...u16(record.type),
      ...u16(record.class ?? 1),
      ...u16(Math.floor(record.ttl / 65_536)),
      ...u16(record.ttl % 65_536),
      ...u16(record.data.length),
      ...record.data,
    ]),
  );
  const head = Buffer.from([
    ...u16(words.id ?? 0),
    ...u16(words.flags ?? 0x8180),
    ...u16(1),
    ...u16(answers.length),
    ...u16(authority.length),
    ...u16(additional.length),
    ...encodeName(words.question),
    ...u16(words.type ?? 1),
    ...u16(words.class ?? 1),
  ]);
  return Buffer.concat([head, ...records]);
}

export function addressRecord(name: string, address: string, ttl = 30): DnsRecord {
  return { name, type: 1, ttl, data: address.split(".").map(Number) };
}

export function aliasRecord(name: string, target: string, ttl = 30): DnsRecord {
  return { name, type: 5, ttl, data: encodeName(target) };
}

/** A question as a client asks it; with `udpLength` it has an EDNS record. */
export function encodeQuestion(
  question: string,
  options: { readonly id?: number; readonly type?: number; readonly udpLength?: number } = {},
): Buffer {
  const { id = 7, type = 1, udpLength } = options;
  const additional =
    udpLength === undefined ? [] : [{ name: ".", type: 41, class: udpLength, ttl: 0, data: [] } as const];
  return encodeDns({ id, flags: 0x0100, question, type, additional });
}

/** What a scripted server is asked. The name is read without any check: these are tests. */
export interface ServerQuestion {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly protocol: "udp" | "tcp";
  readonly from: { readonly address: string; readonly port: number };
  readonly bytes: Buffer;
}

export interface ScriptedDnsServer {
  readonly port: number;
  readonly asked: ServerQuestion[];
  close(): Promise<void>;
}

/** Answers as `answer` says: any number of messages in order, none for silence; by TCP each gets its length before it. */
export async function openDnsServer(
  address: string,
  answer: (question: ServerQuestion) => readonly Uint8Array[] | Promise<readonly Uint8Array[]>,
  port = 0,
): Promise<ScriptedDnsServer> {
  const asked: ServerQuestion[] = [];
  const respond = async (question: ServerQuestion, send: (message: Uint8Array) => void) => {
    for (const message of await answer(question)) send(message);
  };
  const udp = createSocket(address.includes(":") ? "udp6" : "udp4");
  udp.on("message", (bytes, from) => {
    const question = readAsked(bytes, "udp", from);
    asked.push(question);
    void respond(question, (message) => udp.send(message, from.port, from.address));
  });
  udp.bind(port, address);
  await once(udp, "listening");
  const tcp = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      const from = { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 };
      const question = readAsked(chunk.subarray(2), "tcp", from);
      asked.push(question);
      void respond(question, (message) => socket.write(framed(message)));
    });
  });
  tcp.listen(udp.address().port, address);
  await once(tcp, "listening");
  return {
    port: udp.address().port,
    asked,
    close: async () => {
      if (!tcp.listening) return;
      udp.close();
      tcp.close();
      tcp.unref();
    },
  };
}

export function framed(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(u16(message.length)), message]);
}

function readAsked(
  bytes: Buffer,
  protocol: "udp" | "tcp",
  from: { readonly address: string; readonly port: number },
): ServerQuestion {
  const labels: string[] = [];
  let at = 12;
  for (let size = bytes[at] ?? 0; size > 0; size = bytes[at] ?? 0) {
    labels.push(bytes.toString("latin1", at + 1, at + 1 + size));
    at += size + 1;
  }
  const { address, port } = from;
  return {
    id: bytes.readUInt16BE(0),
    name: labels.join("."),
    type: bytes.readUInt16BE(at + 1),
    protocol,
    from: { address, port },
    bytes,
  };
}

/** Sends one message by UDP from a socket of its own; the first message back, or undefined after `waitMs`. */
export async function askByUdp(
  message: Uint8Array,
  to: { readonly address: string; readonly port: number; readonly waitMs: number; readonly from?: string },
): Promise<Buffer | undefined> {
  const socket = createSocket(to.address.includes(":") ? "udp6" : "udp4");
  try {
    socket.bind(0, to.from);
    await once(socket, "listening");
    const waiting = AbortSignal.timeout(to.waitMs);
    const answer = once(socket, "message", { signal: waiting });
    socket.send(message, to.port, to.address);
    const [bytes] = (await answer) as [Buffer];
    return bytes;
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") return undefined;
    throw error;
  } finally {
    socket.close();
  }
}

/** Sends messages over one connection; resolves with so many messages, or what came until the other side closed. */
export function askByTcp(
  messages: readonly Uint8Array[],
  to: { readonly address: string; readonly port: number; readonly from?: string },
): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: to.address,
      port: to.port,
      ...(to.from === undefined ? {} : { localAddress: to.from }),
    });
    const answers: Buffer[] = [];
    let rest: Buffer = Buffer.alloc(0);
    socket.on("connect", () => socket.write(Buffer.concat(messages.map(framed))));
    socket.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 2 && rest.length >= rest.readUInt16BE(0) + 2) {
        const length = rest.readUInt16BE(0);
        answers.push(rest.subarray(2, length + 2));
        rest = rest.subarray(length + 2);
      }
      if (answers.length >= messages.length) socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNRESET" ? resolve(answers) : reject(error),
    );
    socket.on("close", () => resolve(answers));
  });
}
