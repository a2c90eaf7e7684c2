// What becomes of an answer: passed on, passed on after the kernel's sets have its addresses, or refused. Holds what policies say about names on
// this node and what clients had resolved. Pure: bytes and times in, a judgement out; nothing here waits or talks to a kernel.
import type { Address } from "../../../base/ip.ts";
import { formatAddress, isIpv4, parseAddress } from "../../../base/ip.ts";
import { checkAnswer, type AnswerAddress, type AnswerRefusal } from "./check-answer.ts";
import type { DnsClient, DomainSet } from "./domain-set.ts";
import { createGuardedRanges, type GuardedBecause, type GuardedRanges } from "./guarded-ranges.ts";
import { createNameBook, nameBookLimits, type Fill, type FillChange, type NameBook, type Pair } from "./name-book.ts";
import { createNameTable, type NameTable } from "./name-pattern.ts";
import { createSharing } from "./sharing.ts";
import { dnsTypes, writeAddresses, type AnswerMessage, type DnsQuestion } from "./wire.ts";

export const namePolicyLimits = {
  /** Elements live so much longer than the answer says: the client counts from when it got it, and may connect in the last moment. */
  graceMs: 10_000,
  /** RFC 8767 4: a longer time to live is not meant. */
  ttlSecondsMax: 604_800,
} as const;

/** What `Enforcement.dns` says about answers. */
export interface NameSettings {
  readonly ttlSecondsMin: number;
  readonly addressesPerNameMax: number;
  readonly namesPerClientMax: number;
  readonly privateAllowed: readonly string[];
}

export interface NameKnowledge {
  readonly sets: readonly DomainSet[];
  readonly clients: readonly DnsClient[];
  readonly clusterRanges: readonly string[];
  /** "address", "address:port" or "[address]:port". */
  readonly upstreams: readonly string[];
  readonly settings: NameSettings;
}

export type JudgementRefusal = AnswerRefusal | "rebinding" | "full";

export type Judgement =
  /** No set is concerned: the answer as it came. */
  | { readonly do: "release" }
  /** First `change` (remove, then add) goes into the kernel; then `bytes`, or the answer as it came, to the client. */
  | { readonly do: "program"; readonly change: FillChange; readonly bytes?: Uint8Array; readonly addressesCut: number }
  | { readonly do: "refuse"; readonly refusal: JudgementRefusal; readonly detail: string };

export interface AskedQuestion {
  readonly client: DnsClient;
  readonly question: DnsQuestion;
  /** The client's question as it came. */
  readonly bytes: Uint8Array;
}

export interface NamePolicy {
  /** Takes what is true now; the change is to be done at once, after the kernel has the sets. */
  know(knowledge: NameKnowledge, nowMs: number): FillChange;
  clientOf(address: string): DnsClient | undefined;
  isUpstream(address: string, port: number): boolean;
  /** `answer` is to this question: id, name and type were compared. */
  judge(asked: AskedQuestion, answer: AnswerMessage, nowMs: number): Judgement;
  /** Pairs that will end within `withinMs`. */
  due(nowMs: number, withinMs: number): readonly Pair[];
  keep(pairs: readonly Pair[], nowMs: number): Fill;
  /** An element that was in a set before we knew anything: it lives as long as the kernel says, and longer while a connection does. */
  adopt(
    element: { readonly set: string; readonly client: string; readonly address: string; readonly leftMs: number },
    nowMs: number,
  ): void;
  expire(nowMs: number): void;
  all(nowMs: number): Fill;
  namesOf(client: string, address: string): readonly string[];
  sharedBy(address: string, nowMs: number): readonly string[];
  readonly stats: NameBook["stats"];
}

/** Nobody is known and nothing is believed until `know`. */
export function createNamePolicy(options: { readonly pairsMax?: number; readonly graceMs?: number } = {}): NamePolicy {
  const { pairsMax = nameBookLimits.pairsMax, graceMs = namePolicyLimits.graceMs } = options;
  return new KnowingNamePolicy(pairsMax, graceMs);
}

class KnowingNamePolicy implements NamePolicy {
  #settings: NameSettings = { ttlSecondsMin: 60, addressesPerNameMax: 50, namesPerClientMax: 500, privateAllowed: [] };
  #guard: GuardedRanges = createGuardedRanges({ cluster: [], allowed: [] });
  #byAddress = new Map<string, DnsClient>();
  #byId = new Map<string, DnsClient>();
  #sets: readonly DomainSet[] = [];
  #tables = new Map<string, NameTable<DomainSet>>();
  #upstreams = new Set<string>();
  readonly #sharing = createSharing();
  readonly #book: NameBook;
  readonly #graceMs: number;

  constructor(pairsMax: number, graceMs: number) {
    this.#graceMs = graceMs;
    this.#book = createNameBook(() => ({ ...this.#settings, pairsMax }));
  }

  get stats() {
    return this.#book.stats;
  }

  know(knowledge: NameKnowledge, nowMs: number): FillChange {
    const clients = knowledge.clients.map(canonicalClient);
    this.#settings = knowledge.settings;
    this.#guard = createGuardedRanges({
      cluster: knowledge.clusterRanges,
      allowed: knowledge.settings.privateAllowed,
    });
    this.#byId = new Map(clients.map((client) => [client.id, client]));
    this.#byAddress = new Map(clients.flatMap((client) => client.addresses.map((address) => [address, client])));
    this.#upstreams = new Set(knowledge.upstreams.map(upstreamKey).filter((key) => key !== undefined));
    this.#sets = knowledge.sets;
    this.#tables = tablesByClient(knowledge.sets);
    return this.#book.retarget(
      {
        clientOf: (id) => this.#byId.get(id),
        setsOf: (client, name) => this.#setsOf(client, name),
      },
      nowMs,
    );
  }

  clientOf(address: string): DnsClient | undefined {
    return this.#byAddress.get(address);
  }

  isUpstream(address: string, port: number): boolean {
    return this.#upstreams.has(`${address} ${port}`);
  }

  judge(asked: AskedQuestion, answer: AnswerMessage, nowMs: number): Judgement {
    const { client, question } = asked;
    const isAddressQuestion = question.class === 1 && (question.type === dnsTypes.A || question.type === dnsTypes.AAAA);
    const sets = isAddressQuestion ? this.#setsOf(client.id, question.name) : [];
    const checked = checkAnswer(answer);
    if (sets.length === 0) {
      if (checked.ok && isAddressQuestion) this.#share(question.name, checked.addresses, nowMs);
      return { do: "release" };
    }
    if (!checked.ok) return { do: "refuse", refusal: checked.refusal, detail: checked.detail };
    const parsed = checked.addresses.map(({ address }) => parseAddress(address));
    for (const [index, { address }] of checked.addresses.entries()) {
      const because = parsed[index] === undefined ? "no-host" : this.#guard.because(address);
      if (because !== undefined) return rebinding(question.name, address, because);
    }
    if (checked.addresses.length === 0) return { do: "release" };
    return this.#program(asked, { sets, found: checked.addresses, parsed, answer }, nowMs);
  }

  due(nowMs: number, withinMs: number): readonly Pair[] {
    return this.#book.due(nowMs, withinMs);
  }

  keep(pairs: readonly Pair[], nowMs: number): Fill {
    return this.#book.keep(pairs, this.#lifeMs(0), nowMs);
  }

  adopt(element: Parameters<NamePolicy["adopt"]>[0], nowMs: number): void {
    const client = this.clientOf(element.client);
    const set = this.#sets.find(({ set4, set6 }) => set4 === element.set || set6 === element.set);
    if (client === undefined || set === undefined || !set.clients.includes(client.id)) return;
    const name = `${adoptedPrefix}${set.set4} ${element.address}`;
    this.#book.learn({ client, name, sets: [set], addresses: [element.address], lifeMs: element.leftMs }, nowMs);
  }

  expire(nowMs: number): void {
    this.#book.expire(nowMs);
  }

  all(nowMs: number): Fill {
    return this.#book.all(nowMs);
  }

  namesOf(client: string, address: string): readonly string[] {
    return this.#book.namesOf(client, address).filter((name) => !name.startsWith(adoptedPrefix));
  }

  sharedBy(address: string, nowMs: number): readonly string[] {
    return this.#sharing.namesOf(address, nowMs);
  }

  #setsOf(client: string, name: string): readonly DomainSet[] {
    if (!name.startsWith(adoptedPrefix)) return this.#tables.get(client)?.find(name) ?? [];
    const set4 = name.slice(adoptedPrefix.length).split(" ", 1)[0];
    return this.#sets.filter((set) => set.set4 === set4 && set.clients.includes(client));
  }

  #program(
    asked: AskedQuestion,
    answered: {
      readonly sets: readonly DomainSet[];
      readonly found: readonly AnswerAddress[];
      readonly parsed: readonly (Address | undefined)[];
      readonly answer: AnswerMessage;
    },
    nowMs: number,
  ): Judgement {
    const { client, question, bytes } = asked;
    const { sets, found } = answered;
    const parsed = answered.parsed.filter((address) => address !== undefined);
    const taken = Math.min(found.length, this.#settings.addressesPerNameMax);
    const ttlSeconds = Math.max(...found.slice(0, taken).map((address) => address.ttlSeconds));
    const addresses = parsed.slice(0, taken).map(formatAddress);
    const change = this.#book.learn(
      { client, name: question.name, sets, addresses, lifeMs: this.#lifeMs(ttlSeconds) },
      nowMs,
    );
    if (change === undefined) {
      return { do: "refuse", refusal: "full", detail: "no room for more addresses of names" };
    }
    this.#share(question.name, found.slice(0, taken), nowMs);
    const addressesCut = found.length - taken;
    if (addressesCut === 0) return { do: "program", change, addressesCut };
    // What the kernel will not have, the client must not see: it would try it first.
    const records = found.slice(0, taken).flatMap((address, index) => {
      const data = parsed[index];
      return data === undefined ? [] : [{ ttlSeconds: address.ttlSeconds, data: bytesOf(data) }];
    });
    return { do: "program", change, addressesCut, bytes: writeAddresses(bytes, question, records) };
  }

  #lifeMs(ttlSeconds: number): number {
    const seconds = Math.max(this.#settings.ttlSecondsMin, Math.min(ttlSeconds, namePolicyLimits.ttlSecondsMax));
    return seconds * 1000 + this.#graceMs;
  }

  #share(name: string, found: readonly AnswerAddress[], nowMs: number): void {
    const [first] = found;
    if (first === undefined) return;
    const untilMs = nowMs + this.#lifeMs(first.ttlSeconds);
    const addresses = found.slice(0, this.#settings.addressesPerNameMax).map(({ address }) => address);
    this.#sharing.learn(name, addresses, untilMs);
  }
}

/** Stands for the name of an element that was there before us; has a space, which no name of a message has. */
const adoptedPrefix = "before ";

/** Clients with the same sets share one table. */
function tablesByClient(sets: readonly DomainSet[]): Map<string, NameTable<DomainSet>> {
  const setsOf = new Map<string, number[]>();
  for (const [index, { clients }] of sets.entries()) {
    for (const client of clients) {
      const list = setsOf.get(client);
      if (list === undefined) setsOf.set(client, [index]);
      else list.push(index);
    }
  }
  const tables = new Map<string, NameTable<DomainSet>>();
  const byClient = new Map<string, NameTable<DomainSet>>();
  for (const [client, indexes] of setsOf) {
    const key = indexes.join();
    const table =
      tables.get(key) ??
      createNameTable(
        indexes.flatMap((index) => {
          const set = sets[index];
          return set === undefined ? [] : set.names.map((pattern) => ({ pattern, value: set }));
        }),
      );
    tables.set(key, table);
    byClient.set(client, table);
  }
  return byClient;
}

function canonicalClient({ id, addresses }: DnsClient): DnsClient {
  const canonical = addresses.map(parseAddress).filter((address) => address !== undefined);
  return { id, addresses: canonical.map(formatAddress) };
}

/** "10.0.0.1", "10.0.0.1:5353", "fd00::1", "[fd00::1]:53" -> "address port"; undefined when it is neither. */
export function upstreamKey(text: string): string | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  const address = parseAddress(match === null ? text : (match[1] ?? match[2] ?? ""));
  const port = match?.[3] === undefined ? 53 : Number(match[3]);
  if (address === undefined || port < 1 || port > 65_535) return undefined;
  return `${formatAddress(address)} ${port}`;
}

function rebinding(name: string, address: string, because: GuardedBecause): Judgement {
  return { do: "refuse", refusal: "rebinding", detail: `${name} leads to ${address} (${because})` };
}

function bytesOf(address: Address): number[] {
  const words = isIpv4(address) ? [address[3]] : address;
  return words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
}
