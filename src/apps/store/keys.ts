// The store's credentials: two random keys made at each start, written where only the data folder's owner reads them.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import type { Role } from "./engine.ts";

export interface StoreKeys {
  readonly writer: string;
  readonly reader: string;
}

export function newKeys(): StoreKeys {
  return { writer: randomBytes(32).toString("base64url"), reader: randomBytes(32).toString("base64url") };
}

/** Writes `{ writer, reader, address }` to `path` (0600) in one step: a reader of the file never sees half of it. */
export function writeKeys(path: string, keys: StoreKeys, address: string): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, `${JSON.stringify({ ...keys, address })}\n`, { mode: 0o600 });
  renameSync(temporary, path);
}

/** Which role an HTTP Basic credential (`writer:<key>` or `reader:<key>`) has; undefined for none or a wrong one. */
export function roleOf(authorization: string | undefined, keys: StoreKeys): Role | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [user, ...rest] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  if (user !== "writer" && user !== "reader") return undefined;
  return isSame(rest.join(":"), keys[user]) ? user : undefined;
}

/** Compares digests, so that neither length nor content shows in the time it takes. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
