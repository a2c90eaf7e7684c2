// Pairs DNS questions with their answers by id, name, type and addresses. A question without an answer in 5 s becomes a "timeout".
// Bounded; time comes with the packets and with `expire`.
import type { DnsPacketEvent, ProcessKey } from "../sense/sensor.ts";
import type { ProtocolRefusal } from "./bytes.ts";
import { readDnsMessage } from "./dns-message.ts";
import type { DnsMessage } from "./dns-message.ts";
import { microsecondsBetween } from "./latency.ts";

export const dnsExchangeLimits = {
  timeoutMs: 5000,
  /** Open questions; when full the oldest leaves as a timeout and is counted as pushed out. */
  openMax: 8192,
} as const;

/** The protocol's part of a DnsEvent; the agent adds identity. */
export interface DnsExchange {
  /** Time of the question (of the answer when the question was not seen). */
  readonly timeMs: number;
  readonly process: ProcessKey;
  readonly comm: string;
  readonly cgroupId: number;
  readonly question: string;
  readonly questionType: string;
  /** "NOERROR", ..., or "timeout". */
  readonly responseCode: string;
  /** At most 32. */
  readonly answers: readonly string[];
  /** Smallest of the answers; 0 when there are none. */
  readonly ttlSeconds: number;
  /** 0 when the question was not seen or on timeout. */
  readonly latencyUs: number;
  readonly server: string;
  readonly serverPort: number;
  /** Where it was asked from: with these a proxy's report of the same exchange is found. */
  readonly clientAddress: string;
  readonly clientPort: number;
}

export interface DnsExchangeStats {
  readonly open: number;
  readonly pushedOut: number;
  /** Answers without a question that we saw. */
  readonly unasked: number;
  /** Packets of a DNS server's own side: passed over, because the asking side reports the exchange. */
  readonly serverSide: number;
  readonly refused: Readonly<Record<ProtocolRefusal, number>>;
}

export interface DnsExchanges {
  /** Takes one packet; returns the exchange that it completes, or the one that had to leave for it. */
  observe(packet: DnsPacketEvent): DnsExchange | undefined;
  /** Questions older than the timeout, oldest first. */
  expire(nowMs: number): DnsExchange[];
  stats(): DnsExchangeStats;
}

interface Open {
  readonly packet: Pick<DnsPacketEvent, "timeMs" | "process" | "comm" | "cgroupId">;
  readonly sinceBootUs: number | undefined;
  readonly message: DnsMessage;
  readonly ends: Pick<DnsExchange, "server" | "serverPort" | "clientAddress" | "clientPort">;
}

export function createDnsExchanges(options: { timeoutMs?: number; openMax?: number } = {}): DnsExchanges {
  return new BoundedDnsExchanges(
    options.timeoutMs ?? dnsExchangeLimits.timeoutMs,
    options.openMax ?? dnsExchangeLimits.openMax,
  );
}

class BoundedDnsExchanges implements DnsExchanges {
  private readonly timeoutMs: number;
  private readonly openMax: number;
  /** In order of asking: a Map keeps it, and a repeated question moves to the end. */
  private readonly open = new Map<string, Open>();
  private pushedOut = 0;
  private unasked = 0;
  private serverSide = 0;
  private readonly refused: Record<ProtocolRefusal, number> = {
    truncated: 0,
    malformed: 0,
    "over-limit": 0,
    "not-this-protocol": 0,
  };

  constructor(timeoutMs: number, openMax: number) {
    this.timeoutMs = timeoutMs;
    this.openMax = openMax;
  }

  observe(packet: DnsPacketEvent): DnsExchange | undefined {
    const message = readDnsMessage(packet.payload);
    if (!message.ok) {
      this.refused[message.refusal] += 1;
      return undefined;
    }
    if (message.isResponse !== (packet.direction === "inbound")) {
      this.serverSide += 1;
      return undefined;
    }
    const key = `${message.id} ${message.questionType} ${message.question} ${packet.localPort} ${packet.localAddress} ${packet.remotePort} ${packet.remoteAddress}`;
    return message.isResponse ? this.answer(key, packet, message) : this.ask(key, packet, message);
  }

  private ask(key: string, packet: DnsPacketEvent, message: DnsMessage): DnsExchange | undefined {
    const { timeMs, process, comm, cgroupId } = packet;
    // A repeated question is the same exchange: its latency counts from the first.
    if (this.open.has(key)) return undefined;
    const copy = { timeMs, process: { pid: process.pid, startMs: process.startMs }, comm, cgroupId };
    this.open.set(key, { packet: copy, sinceBootUs: packet.sinceBootUs, message, ends: endsOf(packet) });
    if (this.open.size <= this.openMax) return undefined;
    this.pushedOut += 1;
    return this.takeOldest();
  }

  private answer(key: string, packet: DnsPacketEvent, message: DnsMessage): DnsExchange {
    const asked = this.open.get(key);
    this.open.delete(key);
    if (asked === undefined) this.unasked += 1;
    const from = asked?.packet ?? packet;
    return {
      timeMs: from.timeMs,
      process: { pid: from.process.pid, startMs: from.process.startMs },
      comm: from.comm,
      cgroupId: from.cgroupId,
      question: message.question,
      questionType: message.questionType,
      responseCode: message.responseCode,
      answers: message.answers.map((answer) => answer.value),
      ttlSeconds: message.answers.reduce(
        (least, answer) => Math.min(least, answer.ttlSeconds),
        message.answers[0]?.ttlSeconds ?? 0,
      ),
      latencyUs:
        asked === undefined
          ? 0
          : microsecondsBetween({ timeMs: asked.packet.timeMs, sinceBootUs: asked.sinceBootUs }, packet),
      ...endsOf(packet),
    };
  }

  expire(nowMs: number): DnsExchange[] {
    const expired: DnsExchange[] = [];
    for (const asked of this.open.values()) {
      if (nowMs - asked.packet.timeMs < this.timeoutMs) break;
      expired.push(this.takeOldest() as DnsExchange);
    }
    return expired;
  }

  stats(): DnsExchangeStats {
    return {
      open: this.open.size,
      pushedOut: this.pushedOut,
      unasked: this.unasked,
      serverSide: this.serverSide,
      refused: { ...this.refused },
    };
  }

  private takeOldest(): DnsExchange | undefined {
    const oldest = this.open.entries().next().value;
    if (oldest === undefined) return undefined;
    const [key, { packet, message, ends }] = oldest;
    this.open.delete(key);
    const { question, questionType } = message;
    return {
      ...packet,
      question,
      questionType,
      responseCode: "timeout",
      answers: [],
      ttlSeconds: 0,
      latencyUs: 0,
      ...ends,
    };
  }
}

/** Of a packet of the asking side. */
function endsOf(packet: DnsPacketEvent): Open["ends"] {
  return {
    server: packet.remoteAddress,
    serverPort: packet.remotePort,
    clientAddress: packet.localAddress,
    clientPort: packet.localPort,
  };
}
