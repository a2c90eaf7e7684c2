// TX variables: names that rules spell out are slots of an array, found when rules are compiled; names that are made while rules run stand in a map.
// Names are compared without case. Captures (TX:0 to TX:9) stand apart.

export const variableLimits = {
  /** Names made while rules run, per transaction; more are refused, and the request is stopped as at other limits. */
  madeNamesMax: 4096,
  valueBytesMax: 65_536,
} as const;

/** Names known when rules are compiled. */
export interface SlotNames {
  readonly names: readonly string[];
  readonly slots: ReadonlyMap<string, number>;
}

export interface VariableStore {
  readonly slots: (string | undefined)[];
  /** Undefined until a name is made. */
  made: Map<string, string> | undefined;
  /** A name was refused or a value cut. */
  isOverLimit: boolean;
}

export function createVariableStore(initial: readonly (string | undefined)[]): VariableStore {
  return { slots: initial.slice(), made: undefined, isOverLimit: false };
}

/** Name in lower case. */
export function readVariable(store: VariableStore, names: SlotNames, name: string): string | undefined {
  const slot = names.slots.get(name);
  if (slot !== undefined) return store.slots[slot];
  return store.made?.get(name);
}

/** Undefined takes the variable away. Name in lower case. */
export function writeVariable(store: VariableStore, names: SlotNames, name: string, value: string | undefined): void {
  const slot = names.slots.get(name);
  if (slot !== undefined) {
    store.slots[slot] = value;
    return;
  }
  if (value === undefined) {
    store.made?.delete(name);
    return;
  }
  store.made ??= new Map();
  if (store.made.size >= variableLimits.madeNamesMax && !store.made.has(name)) {
    store.isOverLimit = true;
    return;
  }
  const { valueBytesMax } = variableLimits;
  if (value.length > valueBytesMax) store.isOverLimit = true;
  store.made.set(name, value.length > valueBytesMax ? value.slice(0, valueBytesMax) : value);
}

/** What setvar makes of an old value: whole numbers, a text that is none counts as 0. */
export function changedValue(change: "set" | "add" | "subtract", old: string | undefined, value: string): string {
  if (change === "set") return value;
  const from = wholeNumber(old);
  const by = wholeNumber(value);
  return String(change === "add" ? from + by : from - by);
}

/** As C's atoi reads it: leading spaces, a sign, digits; anything else ends it. */
export function wholeNumber(text: string | undefined): number {
  if (text === undefined || text === "") return 0;
  const number = Number.parseInt(text, 10);
  return Number.isNaN(number) ? 0 : number;
}
