// Whose X-Forwarded-For is believed, and who the client is then: the nearest address that is not a listed proxy. Everything else is hearsay.
import { formatAddress, inRange, parseAddress, parsePrefix, type AddressRange } from "../../base/ip.ts";
import type { HeaderList } from "./inspect.ts";

/** Words of X-Forwarded-For that are looked at, from the right. */
const hopsMax = 32;

export interface TrustedProxies {
  readonly isTrusted: (address: string) => boolean;
  /** The client as listed proxies name it; undefined when the peer is none of them, or they say nothing that is an address. */
  clientOf(peer: string, headers: HeaderList): string | undefined;
}

/** `prefixes`: "10.0.0.0/8", "fd00::/8"; those that are none are left out (configuration checks them before). */
export function createTrustedProxies(prefixes: readonly string[]): TrustedProxies {
  const ranges = prefixes.map(parsePrefix).filter((range): range is AddressRange => range !== undefined);
  function isTrusted(text: string): boolean {
    if (ranges.length === 0) return false;
    const address = parseAddress(text);
    return address !== undefined && ranges.some((range) => inRange(address, range));
  }
  return {
    isTrusted,
    clientOf(peer, headers) {
      if (!isTrusted(peer)) return undefined;
      const words = headers
        .filter(([name]) => name.toLowerCase() === "x-forwarded-for")
        .flatMap(([, value]) => value.split(","));
      let client: string | undefined;
      for (const word of words.slice(-hopsMax).reverse()) {
        const address = parseAddress(withoutPort(word.trim()));
        if (address === undefined) return client;
        client = formatAddress(address);
        if (!isTrusted(client)) return client;
      }
      return client;
    },
  };
}

/** "1.2.3.4:80" and "[::1]:80" as some proxies write them. */
function withoutPort(word: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(word);
  if (bracketed !== null) return bracketed[1] ?? "";
  return /^\d+\.\d+\.\d+\.\d+:\d+$/.test(word) ? word.slice(0, word.indexOf(":")) : word;
}

/** A proxy beside the gateway on the same machine. */
export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.") || address.startsWith("::ffff:127.");
}
