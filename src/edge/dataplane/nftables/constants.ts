// Numbers of linux/netfilter/{nfnetlink,nf_tables}.h that this room uses, under the headers' own names without their prefixes.

export const subsystem = { conntrack: 1, log: 4, nftables: 10 } as const;
export const NFPROTO_INET = 1;
export const BATCH_BEGIN = 16;
export const BATCH_END = 17;
export const BATCH_GENID = 1;

export const message = {
  newTable: 0,
  getTable: 1,
  deleteTable: 2,
  newChain: 3,
  getChain: 4,
  deleteChain: 5,
  newRule: 6,
  getRule: 7,
  deleteRule: 8,
  newSet: 9,
  getSet: 10,
  deleteSet: 11,
  newElement: 12,
  getElement: 13,
  deleteElement: 14,
  newGeneration: 15,
  getGeneration: 16,
} as const;

export const tableAttribute = { name: 1, flags: 2 } as const;
export const chainAttribute = { table: 1, name: 3, hook: 4, policy: 5, type: 7, flags: 10 } as const;
export const hookAttribute = { number: 1, priority: 2 } as const;
export const ruleAttribute = { table: 1, chain: 2, handle: 3, expressions: 4, userData: 7 } as const;
export const setAttribute = {
  table: 1,
  name: 2,
  flags: 3,
  keyType: 4,
  keyLength: 5,
  dataType: 6,
  dataLength: 7,
  description: 9,
  id: 10,
  userData: 13,
  /** Number of elements; told by recent kernels (since about 6.16). */
  count: 20,
} as const;
export const setFlag = { anonymous: 1, interval: 4, map: 8, timeout: 16, concatenation: 128 } as const;
export const listAttribute = { table: 1, set: 2, elements: 3 } as const;
export const elementAttribute = { key: 1, data: 2, flags: 3, timeout: 4, expiration: 5, keyEnd: 10 } as const;
export const ELEMENT_INTERVAL_END = 1;
export const LIST_ELEMENT = 1;
export const dataAttribute = { value: 1, verdict: 2 } as const;
export const verdictAttribute = { code: 1, chain: 2 } as const;
export const DATA_VERDICT = 0xffffff00;
export const expressionAttribute = { name: 1, data: 2 } as const;
export const generationAttribute = { id: 1, processId: 2, processName: 3 } as const;

/** Codes of verdicts as 32-bit numbers; accept and drop are those of netfilter. */
export const verdictCodes = {
  accept: 1,
  drop: 0,
  continue: 0xffffffff,
  jump: 0xfffffffd,
  goto: 0xfffffffc,
  return: 0xfffffffb,
} as const;

export const hookNumbers = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;

/** struct nfgenmsg: family, version 0, and a resource id in network order. */
export function generalHeader(family: number, resource = 0): Uint8Array {
  return Uint8Array.of(family, 0, resource >> 8, resource & 0xff);
}

export const inetHeader = generalHeader(NFPROTO_INET);

export function typeOf(kind: number): number {
  return (subsystem.nftables << 8) | kind;
}
