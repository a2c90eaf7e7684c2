// Body bytes that wait for a verdict: bounded for one message and for all of a side. When all is full, the largest waiting bodies of who holds most make room for
// smaller ones, so that a few slow uploads keep nobody else out; what does not fit even so is not taken, and the limit is named.

/** Who holds. */
export interface HoldOwner {
  readonly address: string;
  /** The same object for all messages of one connection. */
  readonly connection: object;
}

interface Entry {
  readonly owner: HoldOwner;
  bytes: number;
  /** Kept only so that it could be sent again. */
  isSpare: boolean;
  /** Asked to let go of it, with the reason. Undefined: it cannot. */
  onEvict: ((because: string) => void) | undefined;
  readonly drop: () => void;
}

export interface HoldBook {
  bytes: number;
  readonly bytesMax: number;
  /** Bodies that had to make room. */
  evicted: number;
  /** Those that hold something. */
  readonly entries: Set<Entry>;
}

export interface Hold {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  /** "" when it was taken, else the limit that it would go over. */
  add(chunk: Buffer): string;
  /** Lets go of all; more may be added after it. */
  drop(): void;
  /** From here on it is only kept to be sent again: it goes first. */
  spare(): void;
  onEvict: ((because: string) => void) | undefined;
}

export function createHoldBook(bytesMax: number): HoldBook {
  return { bytes: 0, bytesMax, evicted: 0, entries: new Set() };
}

export function createHold(book: HoldBook, bytesMax: number, owner: HoldOwner): Hold {
  let chunks: Buffer[] = [];
  const drop = (): void => {
    book.bytes -= entry.bytes;
    entry.bytes = 0;
    entry.isSpare = false;
    chunks = [];
    book.entries.delete(entry);
  };
  const entry: Entry = { owner, bytes: 0, isSpare: false, onEvict: undefined, drop };
  return {
    get chunks() {
      return chunks;
    },
    get bytes() {
      return entry.bytes;
    },
    get onEvict() {
      return entry.onEvict;
    },
    set onEvict(given) {
      entry.onEvict = given;
    },
    add(chunk) {
      if (entry.bytes + chunk.length > bytesMax) return `over ${bytesMax} bytes`;
      const because = `all held bodies over ${book.bytesMax} bytes`;
      if (book.bytes + chunk.length > book.bytesMax && !makeRoom(book, entry, { bytes: chunk.length, because }))
        return because;
      chunks.push(chunk);
      entry.bytes += chunk.length;
      book.bytes += chunk.length;
      book.entries.add(entry);
      return "";
    },
    drop,
    spare() {
      entry.isSpare = true;
    },
  };
}

interface Need {
  readonly bytes: number;
  readonly because: string;
}

/** Whether there is room now. Only from those that hold more than `entry` would. */
function makeRoom(book: HoldBook, entry: Entry, need: Need): boolean {
  const isFull = (): boolean => book.bytes + need.bytes > book.bytesMax;
  for (const other of book.entries) {
    if (!isFull()) return true;
    if (other.isSpare && other !== entry) other.drop();
  }
  while (isFull()) {
    const victim = victimFor(book, entry, need.bytes);
    if (victim === undefined) return false;
    book.evicted += 1;
    victim.onEvict?.(need.because);
    // Whatever its owner did.
    victim.drop();
  }
  return true;
}

/** By client address first; where that is one for all, as behind a proxy, by connection; then by message. */
function victimFor(book: HoldBook, entry: Entry, bytes: number): Entry | undefined {
  const others = [...book.entries].filter((other) => other !== entry && other.onEvict !== undefined);
  const { address, connection } = entry.owner;
  const byAddress = sums(book, ({ owner }) => owner.address);
  const foreign = largest(others, (other) =>
    other.owner.address === address ? 0 : (byAddress.get(other.owner.address) ?? 0),
  );
  if (foreign !== undefined && foreign.sum > (byAddress.get(address) ?? 0) + bytes)
    return biggestOf(others.filter(({ owner }) => owner.address === foreign.entry.owner.address));
  const near = others.filter(({ owner }) => owner.address === address);
  const byConnection = sums(book, ({ owner }) => owner.connection);
  const beside = largest(near, ({ owner }) =>
    owner.connection === connection ? 0 : (byConnection.get(owner.connection) ?? 0),
  );
  if (beside !== undefined && beside.sum > (byConnection.get(connection) ?? 0) + bytes)
    return biggestOf(near.filter(({ owner }) => owner.connection === beside.entry.owner.connection));
  const own = biggestOf(near.filter(({ owner }) => owner.connection === connection));
  return own !== undefined && own.bytes > entry.bytes + bytes ? own : undefined;
}

function sums<Key>(book: HoldBook, keyOf: (entry: Entry) => Key): ReadonlyMap<Key, number> {
  const found = new Map<Key, number>();
  for (const entry of book.entries) found.set(keyOf(entry), (found.get(keyOf(entry)) ?? 0) + entry.bytes);
  return found;
}

function largest(
  entries: readonly Entry[],
  sumOf: (entry: Entry) => number,
): { readonly entry: Entry; readonly sum: number } | undefined {
  let found: { readonly entry: Entry; readonly sum: number } | undefined;
  for (const entry of entries) {
    const sum = sumOf(entry);
    if (sum > (found?.sum ?? 0)) found = { entry, sum };
  }
  return found;
}

function biggestOf(entries: readonly Entry[]): Entry | undefined {
  return largest(entries, ({ bytes }) => bytes)?.entry;
}

/** Bodies that are looked at while they pass on: what the rules may keep of them until their request ends. */
export interface LookBook {
  bytes: number;
  readonly bytesMax: number;
}

export interface Look {
  /** False: there is no room, and nothing more of this body may be looked at. */
  take(bytes: number): boolean;
  drop(): void;
}

/** `bytesMax`: the most that is kept of one body. */
export function createLook(book: LookBook, bytesMax: number): Look {
  let bytes = 0;
  return {
    take(given) {
      const more = Math.min(given, bytesMax - bytes);
      if (book.bytes + more > book.bytesMax) return false;
      bytes += more;
      book.bytes += more;
      return true;
    },
    drop() {
      book.bytes -= bytes;
      bytes = 0;
    },
  };
}
