// Structural difference of two JSON values as a list of changed paths: what history, dry runs and the ledger show.
import type { ResourceChange } from "./ports.ts";

/** More changes than this are not listed one by one: the whole value is one change at its root path. */
export const changesMax = 500;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const bareKey = /^[A-Za-z_$][\w$-]*$/;

function child(path: string, key: string): string {
  return bareKey.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

/** What an object holds itself: "toString" of {} is no value. */
function own(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function collect(path: string, before: unknown, after: unknown, into: ResourceChange[]): void {
  if (into.length > changesMax || Object.is(before, after)) return;
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)].sort());
    for (const key of keys) collect(child(path, key), own(before, key), own(after, key), into);
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
      collect(`${path}[${index}]`, before[index], after[index], into);
    }
    return;
  }
  into.push({ path, before, after });
}

/**
 * The changes that turn `before` into `after`, in the order of their paths: `spec.match.namespace`, `spec.ports[2]`,
 * `spec.days["a b"]`. A side that is missing is undefined. Equal values give an empty list.
 */
export function diffValues(root: string, before: unknown, after: unknown): readonly ResourceChange[] {
  const changes: ResourceChange[] = [];
  collect(root, before, after, changes);
  return changes.length > changesMax ? [{ path: root, before, after }] : changes;
}
