// One transformation of SecLang over a byte string. The list is transformations.ts; each is a file of its own.

export interface WafHashes {
  /** Raw digest as a latin1 string. */
  readonly sha1: (bytes: string) => string;
  readonly md5: (bytes: string) => string;
}

export interface Transformation {
  /** Lower case: "urldecodeuni". */
  readonly name: string;
  /** What it does to a value. Never throws, whatever the bytes. Output at most `growthMax` times as long as the input. */
  readonly apply: (value: string) => string;
  /**
   * A value in which none of these bytes stands is left as it is (256 bits, bit b of word b >>> 5). Undefined: may change any value.
   */
  readonly trigger: Uint32Array | undefined;
  readonly growthMax: number;
}
