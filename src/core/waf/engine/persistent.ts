// IP, GLOBAL, SESSION, USER and RESOURCE: variables that outlive a transaction, in bounded memory, forgotten after a time without use.

export const persistentLimits = {
  recordsMax: 20_000,
  variablesMax: 128,
  valueBytesMax: 4096,
  keyBytesMax: 512,
} as const;

export interface PersistentRecord {
  readonly values: Map<string, string>;
  lastMs: number;
}

export interface PersistentStore {
  /** The record of a key, made when it is not there. */
  open(collection: string, key: string, nowMs: number): PersistentRecord;
  readonly figures: { readonly records: number; readonly evicted: number };
}

export function createPersistentStore(timeoutSeconds: number): PersistentStore {
  const records = new Map<string, PersistentRecord>();
  const figures = { records: 0, evicted: 0 };
  return {
    figures,
    open: (collection, key, nowMs) => {
      const name = `${collection}:${key.slice(0, persistentLimits.keyBytesMax)}`;
      const known = records.get(name);
      records.delete(name);
      const isFresh = known !== undefined && nowMs - known.lastMs <= timeoutSeconds * 1000;
      const record = isFresh ? known : { values: new Map<string, string>(), lastMs: nowMs };
      record.lastMs = nowMs;
      records.set(name, record);
      if (records.size > persistentLimits.recordsMax) {
        const oldest = records.keys().next();
        if (oldest.done !== true) records.delete(oldest.value);
        figures.evicted++;
      }
      figures.records = records.size;
      return record;
    },
  };
}
