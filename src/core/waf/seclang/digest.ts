// A name for a rule set's content: 128 bits over everything that was read. For telling versions apart and for caches, not a proof against forgery.

export interface Digest {
  add(text: string): void;
  /** 32 hexadecimal characters. */
  readonly hex: string;
}

/** Four lanes of multiply and rotate over the characters, each part closed by its length, finished by an avalanche. */
export function createDigest(): Digest {
  const lanes = new Uint32Array([0x2f0b4f27, 0x9e6c63d0, 0x6a09e667, 0x3c6ef372]);
  return {
    add(text) {
      let [a, b, c, d] = [lanes[0] ?? 0, lanes[1] ?? 0, lanes[2] ?? 0, lanes[3] ?? 0];
      for (let index = 0; index < text.length; index += 1) {
        const code = text.charCodeAt(index);
        a = Math.imul(a ^ code, 0x01000193);
        b = Math.imul((b << 5) ^ (b >>> 27) ^ code, 0x85ebca6b);
        c = Math.imul(c ^ (a >>> 11) ^ code, 0xc2b2ae35);
        d = Math.imul((d << 13) ^ (d >>> 19) ^ b ^ code, 0x27d4eb2f);
      }
      lanes.set([mix(a ^ text.length), mix(b + text.length), mix(c ^ b), mix(d + a)]);
    },
    get hex() {
      return [...lanes].map((lane) => mix(lane).toString(16).padStart(8, "0")).join("");
    },
  };
}

function mix(value: number): number {
  let mixed = value >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
