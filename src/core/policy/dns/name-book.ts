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
    const removed = new FillMaker();
    const entry = this.#nameEntry(owner, answer.name);
    entry.sets = answer.sets;
    for (const oldest of owner.names.values()) {
      if (oldest === entry) break;
      if (owner.names.size <= namesPerClientMax && this.#pairs + addresses.length <= pairsMax) break;
      this.#namesEvicted += 1;
      this.#dropName(owner, oldest, removed);
    }
    if (this.#pairs + addresses.length > pairsMax) {
      if (entry.ends.size === 0) this.#dropName(owner, entry, removed);
      return undefined;
    }
    for (const address of addresses) this.#put(owner, entry, { address, endMs: nowMs + answer.lifeMs });
    this.#pushOut(owner, entry, { addressesPerNameMax, removed });
    const added = new FillMaker();
    for (const address of addresses) this.#fill(owner, { address, sets: entry.sets }, added, nowMs);
    return { add: added.fill(), remove: removed.fill() };
  }

  retarget(target: Retarget, nowMs: number): FillChange {
    const added = new FillMaker();
    const removed = new FillMaker();
    for (const [id, owner] of this.#clients) {
      const client = target.clientOf(id);
      const isSame = client !== undefined && client.addresses.join() === owner.client.addresses.join();
      // With other addresses it is filled anew: whoever has the old address next must not inherit.
      if (!isSame) for (const entry of owner.names.values()) this.#emptyOf(owner, entry, removed);
      if (client === undefined) {
        for (const entry of owner.names.values()) this.#dropName(owner, entry, removed);
        this.#clients.delete(id);
        continue;
      }
      owner.client = client;
      for (const entry of owner.names.values()) {
        const sets = target.setsOf(id, entry.name);
        const before = new Set(isSame ? entry.sets.map(({ set4 }) => set4) : []);
        const now = new Set(sets.map(({ set4 }) => set4));
        const lost = isSame ? entry.sets.filter(({ set4 }) => !now.has(set4)) : [];
        entry.sets = sets;
        for (const address of entry.ends.keys()) {
          this.#unfill(owner, { address, sets: lost }, removed);
          this.#fill(owner, { address, sets: sets.filter(({ set4 }) => !before.has(set4)) }, added, nowMs);
        }
        if (sets.length === 0) this.#dropName(owner, entry, removed);
      }
    }
    return { add: added.fill(), remove: removed.fill() };
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
    const added = new FillMaker();
    for (const { client, address } of pairs) {
      const owner = this.#clients.get(client.id);
      if (owner === undefined) continue;
      for (const entry of owner.byAddress.get(address) ?? []) {
        const end = entry.ends.get(address);
        if (end === undefined) continue;
        end.endMs = Math.max(end.endMs, nowMs + lifeMs);
        end.isKept = true;
        this.#fill(owner, { address, sets: entry.sets }, added, nowMs);
      }
    }
    return added.fill();
  }

  expire(nowMs: number): void {
    for (const [id, owner] of this.#clients) {
      for (const entry of owner.names.values()) {
        for (const [address, { endMs }] of entry.ends) if (endMs <= nowMs) this.#forget(owner, entry, address);
        if (entry.ends.size === 0) this.#dropName(owner, entry, new FillMaker());
      }
      if (owner.names.size === 0) this.#clients.delete(id);
    }
  }

  all(nowMs: number): Fill {
    const added = new FillMaker();
    for (const owner of this.#clients.values()) {
      for (const { ends, sets } of owner.names.values()) {
        for (const address of ends.keys()) this.#fill(owner, { address, sets }, added, nowMs);
      }
    }
    return added.fill();
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

  /** The oldest addresses of a name leave, those with a living connection last. */
  #pushOut(
    owner: ClientEntry,
    entry: NameEntry,
    { addressesPerNameMax, removed }: { addressesPerNameMax: number; removed: FillMaker },
  ): void {
    for (const isKept of [false, true]) {
      for (const [address, end] of entry.ends) {
        if (entry.ends.size <= addressesPerNameMax) return;
        if (end.isKept !== isKept) continue;
        this.#addressesEvicted += 1;
        this.#forget(owner, entry, address);
        this.#unfill(owner, { address, sets: entry.sets }, removed);
      }
    }
  }

  #forget(owner: ClientEntry, entry: NameEntry, address: string): void {
    if (entry.ends.delete(address)) this.#pairs -= 1;
    const entries = owner.byAddress.get(address);
    entries?.delete(entry);
    if (entries?.size === 0) owner.byAddress.delete(address);
  }

  #dropName(owner: ClientEntry, entry: NameEntry, removed: FillMaker): void {
    for (const address of entry.ends.keys()) {
      this.#forget(owner, entry, address);
      this.#unfill(owner, { address, sets: entry.sets }, removed);
    }
    if (owner.names.delete(entry.name)) this.#names -= 1;
  }

  /** Takes the elements of a name out without forgetting the name. */
  #emptyOf(owner: ClientEntry, entry: NameEntry, removed: FillMaker): void {
    for (const address of entry.ends.keys()) {
      for (const set of entry.sets) removed.add(owner.client, address, { set });
    }
  }

  #fill(
    owner: ClientEntry,
    { address, sets }: { address: string; sets: readonly DomainSet[] },
    into: FillMaker,
    nowMs: number,
  ): void {
    for (const set of sets) {
      let endMs = 0;
      for (const entry of owner.byAddress.get(address) ?? []) {
        if (!entry.sets.some(({ set4 }) => set4 === set.set4)) continue;
        endMs = Math.max(endMs, entry.ends.get(address)?.endMs ?? 0);
      }
      if (endMs > nowMs) into.add(owner.client, address, { set, timeoutMs: endMs - nowMs });
    }
  }

  /** But not where another name of the client still stands for the address. */
  #unfill(
    owner: ClientEntry,
    { address, sets }: { address: string; sets: readonly DomainSet[] },
    into: FillMaker,
  ): void {
    const others = [...(owner.byAddress.get(address) ?? [])];
    for (const set of sets) {
      const isHeld = others.some(
        (entry) => entry.ends.has(address) && entry.sets.some(({ set4 }) => set4 === set.set4),
      );
      if (!isHeld) into.add(owner.client, address, { set });
    }
  }
}

/** Elements grouped by set; an element comes once, with the longest time. */
class FillMaker {
  readonly #sets = new Map<string, Map<string, NftElement>>();

  add(client: DnsClient, address: string, { set, timeoutMs }: { set: DomainSet; timeoutMs?: number }): void {
    const isV6 = address.includes(":");
    const name = isV6 ? set.set6 : set.set4;
    for (const source of client.addresses) {
      if (source.includes(":") !== isV6) continue;
      const elements = this.#sets.get(name) ?? new Map<string, NftElement>();
      this.#sets.set(name, elements);
      const key = `${source} ${address}`;
      const longest = Math.max(timeoutMs ?? 0, elements.get(key)?.timeoutMs ?? 0);
      elements.set(key, { key: [source, address], ...(timeoutMs === undefined ? {} : { timeoutMs: longest }) });
    }
  }

  fill(): Fill {
    return [...this.#sets].map(([set, elements]) => ({ set, elements: [...elements.values()] }));
  }
}
