// The advisory database of this installation: where it is, and whose signature it must have, when nobody says otherwise.
import { existsSync } from "node:fs";
import type { KeyObject } from "node:crypto";
import path from "node:path";
import { openAdvisoryDatabase, type OpenDatabase } from "./open-database.ts";
import { readPublicKey } from "./signing.ts";

export interface AdvisoryPlace {
  readonly folder: string;
  readonly publicKeys: readonly KeyObject[];
}

/**
 * The folder given, else "advisories" in the data folder; the public key given, else "advisories.pub" in the data folder when it is there. Throws
 * `advisories/bad-key` for a key that cannot be read.
 */
export function advisoryPlace(
  dataFolder: string,
  given: { readonly folder?: string | undefined; readonly publicKey?: string | undefined } = {},
): AdvisoryPlace {
  const standard = path.join(dataFolder, "advisories.pub");
  const key = given.publicKey ?? (existsSync(standard) ? standard : undefined);
  const isGiven = given.folder !== undefined && given.folder !== "";
  return {
    folder: isGiven ? (given.folder ?? "") : path.join(dataFolder, "advisories"),
    publicKeys: key === undefined || key === "" ? [] : [readPublicKey(key)],
  };
}

/** As `openAdvisoryDatabase`; `warn` hears once that nothing is verified when there is no key. */
export function openConfiguredDatabase(place: AdvisoryPlace, warn?: (line: string) => void): OpenDatabase {
  return openAdvisoryDatabase(place.folder, {
    publicKeys: place.publicKeys,
    ...(warn === undefined ? {} : { warn }),
  });
}
