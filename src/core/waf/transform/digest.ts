// md5 and sha1: the raw digest as bytes. The hash functions come from outside.
import type { Transformation, WafHashes } from "./transformation.ts";

/** At most this many bytes come out, however short the value is. */
export const digestBytes = { md5: 16, sha1: 20 } as const;

export function digestTransformation(name: "md5" | "sha1", hashes: WafHashes): Transformation {
  return { name, apply: hashes[name], trigger: undefined, growthMax: digestBytes[name] };
}
