// Which addresses names had resolved to, per client, and so which elements the kernel's sets should have: with ends, limits and what must leave.
// Pure bookkeeping: whoever owns it tells the kernel what `FillChange` says. Time comes by parameter.
import type { NftElement } from "../compile/nft/ruleset.ts";
import type { DnsClient, DomainSet } from "./domain-set.ts";

export const nameBookLimits = {
  /** Client, name and address together; beyond it answers that need more are refused. */
  pairsMax: 262_144,
} as const;

/** Elements per set, as `Dataplane.addElements` and `deleteElements` take them. */
export type Fill = readonly { readonly set: string; readonly elements: readonly NftElement[] }[];

export interface FillChange {
  readonly add: Fill;
  readonly remove: Fill;
}

export interface LearnedAnswer {
  readonly client: DnsClient;
  readonly name: string;
  readonly sets: readonly DomainSet[];
  /** Canonical text. */
  readonly addresses: readonly string[];
  /** How long from now the elements live at least. */
  readonly lifeMs: number;
}

/** A client and an address that some of its names had resolved to. */
export interface Pair {
  readonly client: DnsClient;
  readonly address: string;
}

export interface NameBook {
  /** Undefined when the book is full even after the client's older names left. At most `addressesPerNameMax` addresses are taken, the first ones. */
  learn(answer: LearnedAnswer, nowMs: number): FillChange | undefined;
  /** Clients, addresses or sets changed: what is no more anybody's is removed, then what is new in a set is added. */
  retarget(target: Retarget, nowMs: number): FillChange;
  /** Pairs that end within `withinMs`, to be kept if a connection lives. */
  due(nowMs: number, withinMs: number): readonly Pair[];
  /** These pairs live on for `lifeMs` from now and are the last to be pushed out. */
  keep(pairs: readonly Pair[], lifeMs: number, nowMs: number): Fill;
  /** Forgets what has ended. */
  expire(nowMs: number): void;
  /** Everything that should be in the kernel now. */
  all(nowMs: number): Fill;
  /** Names that this client had resolved to the address, sorted. */
  namesOf(client: string, address: string): readonly string[];
  readonly stats: {
    readonly pairs: number;
    readonly names: number;
    readonly addressesEvicted: number;
    readonly namesEvicted: number;
  };
}

export interface Retarget {
  clientOf(id: string): DnsClient | undefined;
  setsOf(client: string, name: string): readonly DomainSet[];
}

interface NameEntry {
  readonly name: string;
  sets: readonly DomainSet[];
  /** Oldest answer first. */
  readonly ends: Map<string, { endMs: number; isKept: boolean }>;
}

interface ClientEntry {
  client: DnsClient;
  /** Least recently asked first. */
  readonly names: Map<string, NameEntry>;
  readonly byAddress: Map<string, Set<NameEntry>>;
}

export interface NameBookOptions {
  readonly addressesPerNameMax: number;
  readonly namesPerClientMax: number;
  readonly pairsMax?: number;
}

/** `limits` is asked at each answer: settings may change. */
export function createNameBook(limits: () => NameBookOptions): NameBook {
  return new BoundedNameBook(limits);
}

class BoundedNameBook implements NameBook {
  readonly #limits: () => NameBookOptions;
  readonly #clients = new Map<string, ClientEntry>();
  #pairs = 0;
  #names = 0;
  #addressesEvicted = 0;
  #namesEvicted = 0;

  constructor(limits: () => NameBookOptions) {
    this.#limits = limits;
  }

  get stats() {
    return {
      pairs: this.#pairs,
      names: this.#names,
      addressesEvicted: this.#addressesEvicted,
      namesEvicted: this.#namesEvicted,
    };
  }

  learn(answer: LearnedAnswer, nowMs: number): FillChange | undefined {
    const { addressesPerNameMax, namesPerClientMax, pairsMax = nameBookLimits.pairsMax } = this.#limits();
    const addresses = answer.addresses.slice(0, addressesPerNameMax);
    const owner = this.#clientEntry(answer.client);
    const maker = new ChangeMaker();
    const entry = this.#nameEntry(owner, answer.name);
    const fresh = addresses.filter((address) => !entry.ends.has(address)).length;
    let others = 0;
    for (const { ends } of owner.names.values()) others += ends.size;
    // Before anything is pushed out for nothing.
    if (this.#pairs - (others - entry.ends.size) + fresh > pairsMax) {
      if (entry.ends.size === 0) this.#dropName(owner, entry, { maker, nowMs });
      return undefined;
    }
    entry.sets = answer.sets;
    for (const oldest of owner.names.values()) {
      if (oldest === entry) break;
      if (owner.names.size <= namesPerClientMax && this.#pairs + fresh <= pairsMax) break;
      this.#namesEvicted += 1;
      this.#dropName(owner, oldest, { maker, nowMs });
    }
    for (const address of addresses) this.#put(owner, entry, { address, endMs: nowMs + answer.lifeMs });
    this.#pushOut(owner, entry, { addressesPerNameMax, maker, nowMs });
    for (const address of addresses) this.#fill(owner, { address, sets: entry.sets }, { maker, nowMs });
    return maker.change();
  }

  retarget(target: Retarget, nowMs: number): FillChange {
    const maker = new ChangeMaker();
    for (const [id, owner] of this.#clients) {
      const client = target.clientOf(id);
      const isSame = client !== undefined && client.addresses.join() === owner.client.addresses.join();
      // With other addresses it is filled anew: whoever has the old address next must not inherit.
      if (!isSame) for (const entry of owner.names.values()) this.#emptyOf(owner, entry, maker);
      if (client === undefined) {
        for (const entry of owner.names.values()) this.#dropName(owner, entry, { maker, nowMs });
        this.#clients.delete(id);
        continue;
      }
      owner.client = client;
      this.#retargetNames(owner, { isSame, setsOf: (name) => target.setsOf(id, name) }, { maker, nowMs });
    }
    return maker.change();
  }

  due(nowMs: number, withinMs: number): readonly Pair[] {
    const pairs: Pair[] = [];
    for (const { client, byAddress } of this.#clients.values()) {
      for (const [address, entries] of byAddress) {
        let endMs = 0;
        for (const { ends } of entries) endMs = Math.max(endMs, ends.get(address)?.endMs ?? 0);
        if (endMs <= nowMs + withinMs) pairs.push({ client, address });
      }
    }
    return pairs;
  }

  keep(pairs: readonly Pair[], lifeMs: number, nowMs: number): Fill {
    const maker = new ChangeMaker();
    for (const { client, address } of pairs) {
      const owner = this.#clients.get(client.id);
      if (owner === undefined) continue;
      for (const entry of owner.byAddress.get(address) ?? []) {
        const end = entry.ends.get(address);
        if (end === undefined) continue;
        end.endMs = Math.max(end.endMs, nowMs + lifeMs);
        end.isKept = true;
        this.#fill(owner, { address, sets: entry.sets }, { maker, nowMs });
      }
    }
    return maker.change().add;
  }

  expire(nowMs: number): void {
    for (const [id, owner] of this.#clients) {
      for (const entry of owner.names.values()) {
        for (const [address, { endMs }] of entry.ends) if (endMs <= nowMs) this.#forget(owner, entry, address);
        if (entry.ends.size === 0) this.#dropName(owner, entry, { maker: new ChangeMaker(), nowMs });
      }
      if (owner.names.size === 0) this.#clients.delete(id);
    }
  }

  all(nowMs: number): Fill {
    const maker = new ChangeMaker();
    for (const owner of this.#clients.values()) {
      for (const { ends, sets } of owner.names.values()) {
        for (const address of ends.keys()) this.#fill(owner, { address, sets }, { maker, nowMs });
      }
    }
    return maker.change().add;
  }

  namesOf(client: string, address: string): readonly string[] {
    const entries = this.#clients.get(client)?.byAddress.get(address) ?? [];
    return [...entries].map(({ name }) => name).toSorted();
  }

  #clientEntry(client: DnsClient): ClientEntry {
    const known = this.#clients.get(client.id);
    if (known !== undefined) return known;
    const made: ClientEntry = { client, names: new Map(), byAddress: new Map() };
    this.#clients.set(client.id, made);
    return made;
  }

  /** Moves the name to the end: it was asked last. */
  #nameEntry(owner: ClientEntry, name: string): NameEntry {
    const known = owner.names.get(name);
    const entry = known ?? { name, sets: [], ends: new Map() };
    if (known === undefined) this.#names += 1;
    owner.names.delete(name);
    owner.names.set(name, entry);
    return entry;
  }

  #put(owner: ClientEntry, entry: NameEntry, { address, endMs }: { address: string; endMs: number }): void {
    const known = entry.ends.get(address);
    if (known === undefined) this.#pairs += 1;
    entry.ends.delete(address);
    // A shorter answer takes nothing back: the client may still use the longer one.
    entry.ends.set(address, { endMs: Math.max(known?.endMs ?? 0, endMs), isKept: known?.isKept ?? false });
    const entries = owner.byAddress.get(address);
    if (entries === undefined) owner.byAddress.set(address, new Set([entry]));
    else entries.add(entry);
  }

  /** All names have their sets before the first element is filled: its end is that of all names that stand for it. */
  #retargetNames(
    owner: ClientEntry,
    { isSame, setsOf }: { isSame: boolean; setsOf: (name: string) => readonly DomainSet[] },
    now: Now,
  ): void {
    const changes = [...owner.names.values()].map((entry) => {
      const before = entry.sets;
      entry.sets = setsOf(entry.name);
      return { entry, before };
    });
    for (const { entry, before } of changes) {
      const old = new Set(isSame ? before.map(({ set4 }) => set4) : []);
      const mine = new Set(entry.sets.map(({ set4 }) => set4));
      const lost = isSame ? before.filter(({ set4 }) => !mine.has(set4)) : [];
      const fresh = entry.sets.filter(({ set4 }) => !old.has(set4));
      for (const address of entry.ends.keys()) {
        this.#unfill(owner, { address, sets: lost }, now);
        this.#fill(owner, { address, sets: fresh }, now);
      }
      if (mine.size === 0) this.#dropName(owner, entry, now);
    }
  }

  /** The oldest addresses of a name leave, those with a living connection last. */
  #pushOut(
    owner: ClientEntry,
    entry: NameEntry,
    { addressesPerNameMax, ...now }: { addressesPerNameMax: number } & Now,
  ): void {
    for (const isKept of [false, true]) {
      for (const [address, end] of entry.ends) {
        if (entry.ends.size <= addressesPerNameMax) return;
        if (end.isKept !== isKept) continue;
        this.#addressesEvicted += 1;
        this.#forget(owner, entry, address);
        this.#unfill(owner, { address, sets: entry.sets }, now);
      }
    }
  }

  #forget(owner: ClientEntry, entry: NameEntry, address: string): void {
    if (entry.ends.delete(address)) this.#pairs -= 1;
    const entries = owner.byAddress.get(address);
    entries?.delete(entry);
    if (entries?.size === 0) owner.byAddress.delete(address);
  }

  #dropName(owner: ClientEntry, entry: NameEntry, now: Now): void {
    for (const address of entry.ends.keys()) {
      this.#forget(owner, entry, address);
      this.#unfill(owner, { address, sets: entry.sets }, now);
    }
    if (owner.names.delete(entry.name)) this.#names -= 1;
  }

  /** Takes the elements of a name out without forgetting the name. */
  #emptyOf(owner: ClientEntry, entry: NameEntry, maker: ChangeMaker): void {
    for (const address of entry.ends.keys()) {
      for (const set of entry.sets) maker.remove(owner.client, address, set);
    }
  }

  #fill(
    owner: ClientEntry,
    { address, sets }: { address: string; sets: readonly DomainSet[] },
    { maker, nowMs }: Now,
  ): void {
    for (const set of sets) {
      let endMs = 0;
      for (const entry of owner.byAddress.get(address) ?? []) {
        if (!entry.sets.some(({ set4 }) => set4 === set.set4)) continue;
        endMs = Math.max(endMs, entry.ends.get(address)?.endMs ?? 0);
      }
      if (endMs > nowMs) maker.add(owner.client, address, { set, timeoutMs: endMs - nowMs });
    }
  }

  /** Where another name of the client still stands for the address, that name's end counts from now on. */
  #unfill(owner: ClientEntry, { address, sets }: { address: string; sets: readonly DomainSet[] }, now: Now): void {
    const others = [...(owner.byAddress.get(address) ?? [])];
    for (const set of sets) {
      const isHeld = others.some(
        ({ ends, sets: held }) => ends.has(address) && held.some(({ set4 }) => set4 === set.set4),
      );
      if (isHeld) this.#fill(owner, { address, sets: [set] }, now);
      else now.maker.remove(owner.client, address, set);
    }
  }
}

/** The change that is being made, and when. */
interface Now {
  readonly maker: ChangeMaker;
  readonly nowMs: number;
}

/** What becomes of elements in one change, grouped by set; of several words about one element the last counts. */
class ChangeMaker {
  readonly #sets = new Map<string, Map<string, { readonly element: NftElement; readonly isRemoved: boolean }>>();

  add(client: DnsClient, address: string, { set, timeoutMs }: { set: DomainSet; timeoutMs: number }): void {
    this.#word(client, address, set, (key) => ({ element: { key, timeoutMs }, isRemoved: false }));
  }

  remove(client: DnsClient, address: string, set: DomainSet): void {
    this.#word(client, address, set, (key) => ({ element: { key }, isRemoved: true }));
  }

  change(): FillChange {
    return { add: this.#fill(false), remove: this.#fill(true) };
  }

  #word(
    client: DnsClient,
    address: string,
    set: DomainSet,
    word: (key: readonly [string, string]) => { element: NftElement; isRemoved: boolean },
  ): void {
    const isV6 = address.includes(":");
    const name = isV6 ? set.set6 : set.set4;
    for (const source of client.addresses) {
      if (source.includes(":") !== isV6) continue;
      const elements = this.#sets.get(name) ?? new Map();
      this.#sets.set(name, elements);
      elements.set(`${source} ${address}`, word([source, address]));
    }
  }

  #fill(isRemoved: boolean): Fill {
    const entries = [...this.#sets].map(([set, words]) => ({
      set,
      elements: [...words.values()].filter((one) => one.isRemoved === isRemoved).map(({ element }) => element),
    }));
    return entries.filter(({ elements }) => elements.length > 0);
  }
}
