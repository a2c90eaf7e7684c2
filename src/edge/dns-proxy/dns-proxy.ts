// The transparent DNS proxy: takes the questions that the kernel redirected here, asks the server that the client meant, and hands the answer on
// only after the kernel's sets have its addresses. Never an open resolver; what is not answered is counted by its reason.
import { Fault, toFault } from "../../base/fault.ts";
import type { Dataplane } from "../../core/policy/compile/dataplane.ts";
import type { DnsClient } from "../../core/policy/dns/domain-set.ts";
import type { FillChange } from "../../core/policy/dns/name-book.ts";
import type { NamePolicy } from "../../core/policy/dns/name-policy.ts";
import {
  dnsTypes,
  extendedErrors,
  readQuestion,
  replyCodes,
  withId,
  writeReply,
  type AnswerMessage,
  type DnsQuestion,
} from "../../core/policy/dns/wire.ts";
import { openDoor, type Arrival, type Door } from "./doors.ts";
import {
  createCounters,
  dnsProxyLimits,
  type DnsProxyCounters,
  type DnsProxyLimits,
  type DropReason,
  type RefusalReason,
} from "./limits.ts";
import { askUpstream } from "./upstream.ts";

/** One question that was answered, or refused with an error. Dropped ones are only counted. */
export interface ProxyLookup {
  readonly client: DnsClient;
  readonly arrival: Arrival;
  readonly question: DnsQuestion;
  readonly server: { readonly address: string; readonly port: number };
  /** What the server said; undefined when it said nothing that could be believed. */
  readonly answer: AnswerMessage | undefined;
  /** "" when the answer went to the client. */
  readonly refusal: RefusalReason | "";
  readonly detail: string;
  readonly latencyMs: number;
}

export interface DnsProxyOptions {
  /** 0: the first door takes a free one, the others take the same. */
  readonly port: number;
  readonly policy: Pick<NamePolicy, "clientOf" | "isUpstream" | "judge">;
  readonly originalOf: Dataplane["originalOf"];
  /** Removes, then adds; returns when the kernel has it, throws when it does not take it. */
  readonly program: (change: FillChange) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonicMs: () => number;
  /** 16 bits that nobody can guess. */
  readonly randomId: () => number;
  readonly onLookup: (lookup: ProxyLookup) => void;
  /** A door stopped working by itself, or the kernel could not be asked: "dns-proxy/door-lost", "dns-proxy/original-unreadable". */
  readonly onTrouble: (fault: Fault) => void;
  readonly limits?: Partial<DnsProxyLimits>;
}

export interface DnsProxy {
  /** The port of all doors; the wanted one before the first is open. */
  readonly port: number;
  readonly addresses: readonly string[];
  readonly counters: DnsProxyCounters;
  /** Opens doors at these addresses and closes all others. Rejects with Fault "dns-proxy/no-door" when one cannot be opened; the others are open. */
  listen(addresses: readonly string[]): Promise<void>;
  /** Questions in flight are not answered. */
  close(): Promise<void>;
}

export function createDnsProxy(options: DnsProxyOptions): DnsProxy {
  return new TransparentDnsProxy(options);
}

interface Question {
  readonly client: DnsClient;
  readonly arrival: Arrival;
  readonly bytes: Uint8Array;
  readonly question: DnsQuestion;
  readonly server: { readonly address: string; readonly port: number };
  readonly startMs: number;
  readonly reply: (bytes: Uint8Array) => void;
}

class TransparentDnsProxy implements DnsProxy {
  readonly counters = createCounters();
  readonly #options: DnsProxyOptions;
  readonly #limits: DnsProxyLimits;
  readonly #doors = new Map<string, Door>();
  readonly #open = new Set<string>();
  readonly #openPerClient = new Map<string, number>();
  readonly #closing = new AbortController();
  #port: number;

  constructor(options: DnsProxyOptions) {
    this.#options = options;
    this.#limits = { ...dnsProxyLimits, ...options.limits };
    this.#port = options.port;
  }

  get port(): number {
    return this.#port;
  }

  get addresses(): readonly string[] {
    return [...this.#doors.keys()].toSorted();
  }

  async listen(addresses: readonly string[]): Promise<void> {
    const wanted = new Set(addresses.slice(0, this.#limits.addressesMax));
    for (const [address, door] of this.#doors) {
      if (wanted.has(address)) continue;
      this.#doors.delete(address);
      await door.close();
    }
    const failures: string[] = wanted.size < addresses.length ? [`only ${wanted.size} addresses are listened at`] : [];
    for (const address of wanted) {
      if (this.#doors.has(address) || this.#closing.signal.aborted) continue;
      try {
        const door = await this.#openDoor(address);
        this.#port = door.port;
        this.#doors.set(address, door);
      } catch (error) {
        failures.push(`${address}: ${toFault(error).message}`);
      }
    }
    if (failures.length === 0) return;
    throw new Fault(`the DNS proxy cannot listen everywhere: ${failures.join("; ")}`, {
      code: "dns-proxy/no-door",
      kind: "unavailable",
      hint: "Give the proxy a port that no other program on this machine uses.",
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const doors = [...this.#doors.values()];
    this.#doors.clear();
    await Promise.all(doors.map((door) => door.close()));
  }

  #openDoor(address: string): Promise<Door> {
    return openDoor(
      { address, port: this.#port },
      {
        limits: this.#limits,
        counters: this.counters,
        isClient: (source) => this.#options.policy.clientOf(source) !== undefined,
        onMessage: ({ bytes, arrival, reply, done }) => {
          const question = this.#admit(bytes, arrival, reply);
          if (question === undefined) done();
          else void this.#answer(question).finally(done);
        },
        onDown: (error) => {
          this.#doors.delete(address);
          this.#options.onTrouble(
            new Fault(`the DNS proxy lost its door at ${address}: ${error.message}`, {
              code: "dns-proxy/door-lost",
              kind: "unavailable",
              cause: error,
            }),
          );
        },
      },
    );
  }

  /** Everything that is known without asking anybody upstream; undefined when the question ends here. */
  #admit(bytes: Uint8Array, arrival: Arrival, reply: (bytes: Uint8Array) => void): Question | undefined {
    const { counters } = this;
    counters.questions += 1;
    const client = this.#options.policy.clientOf(arrival.source);
    if (client === undefined) return this.#drop("unknown-client");
    if (bytes.length > this.#limits.questionLengthMax) return this.#drop("malformed");
    const question = readQuestion(bytes);
    if (!question.ok) return this.#drop("malformed");
    if (this.#open.has(keyOf(arrival, question))) return this.#drop("repeated");
    if (this.#open.size >= this.#limits.inFlightMax) return this.#drop("too-many");
    if ((this.#openPerClient.get(client.id) ?? 0) >= this.#limits.inFlightPerClientMax)
      return this.#drop("too-many-of-client");
    const server = this.#serverOf(arrival);
    if (server === undefined) return undefined;
    const asked = { client, arrival, bytes, question, server, startMs: this.#options.monotonicMs(), reply };
    if (!this.#options.policy.isUpstream(server.address, server.port)) {
      return this.#refuse(
        asked,
        "unlisted-upstream",
        `${server.address} is not among the servers whose answers are believed`,
      );
    }
    const isTransfer = question.type === dnsTypes.AXFR || question.type === dnsTypes.IXFR;
    if (question.opcode !== 0 || isTransfer)
      return this.#refuse(asked, "unsupported", "only standard queries are passed on");
    return asked;
  }

  /** Where the client meant to go; undefined (and counted) when it meant us, or nobody knows. */
  #serverOf(arrival: Arrival): { readonly address: string; readonly port: number } | undefined {
    const { protocol, ...ends } = arrival;
    try {
      const original = this.#options.originalOf({ protocol: protocol === "udp" ? 17 : 6, ...ends });
      const isOurs = original?.address === arrival.destination && original.port === arrival.destinationPort;
      return original === undefined || isOurs ? this.#drop("not-redirected") : original;
    } catch (error) {
      this.#options.onTrouble(
        new Fault(`connection tracking could not be asked: ${toFault(error).message}`, {
          code: "dns-proxy/original-unreadable",
          kind: "unavailable",
          cause: error,
        }),
      );
      return this.#drop("original-unreadable");
    }
  }

  async #answer(asked: Question): Promise<void> {
    const key = keyOf(asked.arrival, asked.question);
    const { id } = asked.client;
    this.#open.add(key);
    this.#openPerClient.set(id, (this.#openPerClient.get(id) ?? 0) + 1);
    this.counters.inFlight = this.#open.size;
    try {
      const { bytes, question, server, arrival } = asked;
      const said = await askUpstream(
        { bytes, question, server, protocol: arrival.protocol },
        {
          limits: this.#limits,
          counters: this.counters,
          randomId: this.#options.randomId,
          signal: this.#closing.signal,
        },
      );
      if (!said.ok) {
        if (said.because === "closed") this.#drop("closed");
        else this.#refuse(asked, said.because, `${server.address} did not answer as a server does`);
      } else if (said.answer.isTruncated) this.#refuse(asked, "answer-malformed", "truncated by TCP");
      else this.#judge(asked, said.bytes, said.answer);
    } finally {
      this.#open.delete(key);
      const rest = (this.#openPerClient.get(id) ?? 1) - 1;
      if (rest > 0) this.#openPerClient.set(id, rest);
      else this.#openPerClient.delete(id);
      this.counters.inFlight = this.#open.size;
    }
  }

  /** The kernel first, then the client. */
  #judge(asked: Question, bytes: Uint8Array, answer: AnswerMessage): void {
    const judgement = this.#options.policy.judge(asked, answer, this.#options.monotonicMs());
    if (judgement.do === "refuse") {
      this.#refuse(asked, judgement.refusal, judgement.detail, answer);
      return;
    }
    let released: Uint8Array = withId(bytes, asked.question.id);
    if (judgement.do === "program") {
      try {
        this.#options.program(judgement.change);
      } catch (error) {
        this.#refuse(asked, "program-failed", toFault(error).message, answer);
        return;
      }
      this.counters.programmed += 1;
      this.counters.addressesCut += judgement.addressesCut;
      released = judgement.bytes ?? released;
    }
    const isTooLong = asked.arrival.protocol === "udp" && released.length > asked.question.udpLengthMax;
    asked.reply(isTooLong ? writeReply(asked.bytes, asked.question, { code: 0, isTruncated: true }) : released);
    this.counters.released += 1;
    this.#tell(asked, { answer, refusal: "", detail: "" });
  }

  #refuse(asked: Question, refusal: RefusalReason, detail: string, answer?: AnswerMessage): undefined {
    this.counters.refused[refusal] += 1;
    asked.reply(writeReply(asked.bytes, asked.question, errorOf(refusal)));
    this.#tell(asked, { answer, refusal, detail });
    return undefined;
  }

  #drop(reason: DropReason): undefined {
    this.counters.dropped[reason] += 1;
    return undefined;
  }

  #tell(asked: Question, end: Pick<ProxyLookup, "answer" | "refusal" | "detail">): void {
    const { client, arrival, question, server, startMs } = asked;
    this.#options.onLookup({
      client,
      arrival,
      question,
      server,
      ...end,
      latencyMs: this.#options.monotonicMs() - startMs,
    });
  }
}

function keyOf({ protocol, source, sourcePort, destination }: Arrival, { id, name, type }: DnsQuestion): string {
  return `${protocol} ${source} ${sourcePort} ${destination} ${id} ${type} ${name}`;
}

/** The response code that the client of a refused question gets. */
export function responseCodeOf(refusal: RefusalReason): number {
  return errorOf(refusal).code;
}

/** REFUSED for what policy refuses: resolvers do not try again at once. SERVFAIL for what went wrong: they ask another server. */
function errorOf(refusal: RefusalReason): { readonly code: number; readonly extendedError: number } {
  switch (refusal) {
    case "unlisted-upstream":
      return { code: replyCodes.refused, extendedError: extendedErrors.prohibited };
    case "unsupported":
      return { code: replyCodes.notImplemented, extendedError: extendedErrors.other };
    case "rebinding":
      return { code: replyCodes.refused, extendedError: extendedErrors.blocked };
    case "upstream-timeout":
    case "upstream-unreachable":
      return { code: replyCodes.serverFailure, extendedError: extendedErrors.networkError };
    case "answer-malformed":
    case "foreign-name":
    case "foreign-class":
    case "broken-chain":
      return { code: replyCodes.serverFailure, extendedError: extendedErrors.invalidData };
    case "full":
    case "program-failed":
      return { code: replyCodes.serverFailure, extendedError: extendedErrors.other };
  }
}
