// The three functions of the Reflect metadata proposal that @peculiar/x509's dependency container looks for; import before it.
// Nothing else in the product uses metadata. A full polyfill that is already there is left alone.

type Key = string | symbol;

interface MetadataReflect {
  defineMetadata?: (key: Key, value: unknown, target: object) => void;
  getOwnMetadata?: (key: Key, target: object) => unknown;
  getMetadata?: (key: Key, target: object) => unknown;
}

const metadataByTarget = new WeakMap<object, Map<Key, unknown>>();

/** Sets one entry of a class or object; the last one wins. */
function defineMetadata(key: Key, value: unknown, target: object): void {
  const entries = metadataByTarget.get(target) ?? new Map<Key, unknown>();
  entries.set(key, value);
  metadataByTarget.set(target, entries);
}

/** The entry of this very class or object, or undefined. */
function getOwnMetadata(key: Key, target: object): unknown {
  return metadataByTarget.get(target)?.get(key);
}

/** The entry of the class or object, or of the nearest one in its prototype chain, or undefined. */
function getMetadata(key: Key, target: object): unknown {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const entries = metadataByTarget.get(at);
    if (entries?.has(key) === true) return entries.get(key);
  }
  return undefined;
}

const reflect = Reflect as MetadataReflect;
reflect.defineMetadata ??= defineMetadata;
reflect.getOwnMetadata ??= getOwnMetadata;
reflect.getMetadata ??= getMetadata;

export const isReflectMetadataReady = true;
