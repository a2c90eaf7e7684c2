// Rows of a live list: newer ones come from the stream, older ones from pages. Bounded; what falls out is counted.
// A held view does not move: `rowAt` stays true while new rows wait, counted in `pending`. One notification per frame.

export interface LiveStoreOptions<T> {
  /** Two rows with one key are one row: the first page and the stream overlap. */
  readonly keyOf: (row: T) => string;
  /** Rows of one moment come in several blocks: a late one goes where its time (sortable text or number) belongs. */
  readonly timeOf?: (row: T) => string | number;
  readonly rowsMax: number;
  /** Calls back once, soon: requestAnimationFrame in the browser. */
  readonly schedule: (callback: () => void) => void;
}

export interface LiveSnapshot {
  readonly version: number;
  /** Rows that `rowAt` answers for. */
  readonly count: number;
  /** Rows that came while the view was held. */
  readonly pending: number;
  /** Rows let go because of `rowsMax`, and rows that the server left out because this reader was slower than the traffic. */
  readonly evicted: number;
  readonly skipped: number;
}

/** How far down a late row may go; below that the reader has been past it. */
const tailRows = 200;

export class LiveStore<T> {
  readonly #options: LiveStoreOptions<T>;
  readonly #listeners = new Set<() => void>();
  readonly #keys = new Set<string>();
  /** Newest last; positions are absolute: `#newer[p % rowsMax]` for p in [#newerStart, #newerEnd). */
  readonly #newer: (T | undefined)[] = [];
  #newerStart = 0;
  #newerEnd = 0;
  /** Newest first, all older than `#newer`. */
  #older: T[] = [];
  #head = 0;
  #held = false;
  #evicted = 0;
  #skipped = 0;
  #scheduled = false;
  #snapshot: LiveSnapshot = { version: 0, count: 0, pending: 0, evicted: 0, skipped: 0 };

  constructor(options: LiveStoreOptions<T>) {
    this.#options = options;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): LiveSnapshot => this.#snapshot;

  /** Rows in order of arrival, the newest last. */
  pushNewer(rows: readonly T[], skipped = 0): void {
    const { rowsMax } = this.#options;
    for (const row of rows) {
      if (!this.#admit(row)) continue;
      this.#insert(row);
      if (this.#newerEnd - this.#newerStart > rowsMax) this.#evict(this.#newer[this.#newerStart++ % rowsMax] as T);
    }
    const over = this.#newerEnd - this.#newerStart + this.#older.length - rowsMax;
    if (over > 0) for (const row of this.#older.splice(-over, over)) this.#evict(row);
    this.#skipped += skipped;
    this.#changed();
  }

  /** A page of older rows, newest first. Rows beyond `rowsMax` are not taken. */
  pushOlder(rows: readonly T[]): void {
    const room = this.#options.rowsMax - (this.#newerEnd - this.#newerStart) - this.#older.length;
    this.#older.push(...rows.slice(0, Math.max(0, room)).filter((row) => this.#admit(row)));
    this.#evicted += Math.max(0, rows.length - Math.max(0, room));
    this.#changed();
  }

  /** While held, the view keeps its rows and their places. */
  hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    this.#changed();
  }

  /** The row at a place of the view, 0 = newest shown. Undefined past the end or when it was let go meanwhile. */
  rowAt(index: number): T | undefined {
    const position = this.#head - 1 - index;
    if (position >= this.#newerStart) return this.#newer[position % this.#options.rowsMax];
    return this.#older[index - Math.max(0, this.#head - this.#newerStart)];
  }

  /** At the top, or below rows that are newer by time: never among rows that a held view shows. */
  #insert(row: T): void {
    const { rowsMax, timeOf } = this.#options;
    const low = Math.max(this.#newerStart, this.#newerEnd - tailRows, this.#held ? this.#head : 0);
    const isLate = (place: number): boolean =>
      timeOf !== undefined && timeOf(this.#newer[(place - 1) % rowsMax] as T) > timeOf(row);
    let place = this.#newerEnd;
    for (; place > low && isLate(place); place -= 1) this.#newer[place % rowsMax] = this.#newer[(place - 1) % rowsMax];
    this.#newer[place % rowsMax] = row;
    this.#newerEnd += 1;
  }

  /** Whether this row is shown or waits. */
  has(row: T): boolean {
    return this.#keys.has(this.#options.keyOf(row));
  }

  #admit(row: T): boolean {
    const key = this.#options.keyOf(row);
    if (this.#keys.has(key)) return false;
    this.#keys.add(key);
    return true;
  }

  #evict(row: T): void {
    this.#keys.delete(this.#options.keyOf(row));
    this.#evicted += 1;
  }

  #changed(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.schedule(() => this.#publish());
  }

  #publish(): void {
    this.#scheduled = false;
    if (!this.#held) this.#head = this.#newerEnd;
    this.#snapshot = {
      version: this.#snapshot.version + 1,
      count: Math.max(0, this.#head - this.#newerStart) + this.#older.length,
      pending: this.#newerEnd - this.#head,
      evicted: this.#evicted,
      skipped: this.#skipped,
    };
    for (const listener of this.#listeners) listener();
  }
}
