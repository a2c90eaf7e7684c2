// Where a sink may connect to. Addresses by which a machine asks its cloud for credentials, link-local ones and groups are refused unless the server's own
// configuration allows them. The check is made on the address that is connected to, so that a name cannot change its mind in between.
import { lookup as lookupName, type LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { Fault } from "../../base/fault.ts";
import { type AddressRange, inRange, parseAddress, parsePrefix } from "../../base/ip.ts";

/** Link-local; metadata services of clouds that are not link-local; "this" network; multicast and broadcast. */
const refusedPrefixes = [
  "169.254.0.0/16",
  "fe80::/10",
  "100.100.100.200/32",
  "168.63.129.16/32",
  "192.0.0.192/32",
  "fd00:ec2::/32",
  "fd20:ce::/32",
  "0.0.0.0/8",
  "::/128",
  "224.0.0.0/3",
  "ff00::/8",
] as const;

/** IPv6 addresses that a gateway turns into the IPv4 address in their last 32 bits. */
const translated = prefixOf("64:ff9b::/96");
const refused = refusedPrefixes.map(prefixOf);

function prefixOf(text: string): AddressRange {
  const range = parsePrefix(text);
  if (range === undefined)
    throw new Fault(`${text} is no address and no prefix`, {
      code: "sinks/allowed-address",
      kind: "usage",
      hint: 'use "169.254.1.1" or "169.254.0.0/16"',
    });
  return range;
}

export interface AddressGuard {
  /** Throws Fault "sinks/refused-address" for a literal address that may not be connected to; a name passes. */
  checkHost(host: string): void;
  /** For sockets: looks a name up and fails when an address of it may not be connected to. */
  readonly lookup: LookupFunction;
  /** One address of a name or literal, checked. */
  resolve(host: string): Promise<LookupAddress>;
}

/** `allowed`: addresses and prefixes of the server's configuration. Throws Fault "sinks/allowed-address" where one cannot be read. */
export function addressGuard(allowed: readonly string[]): AddressGuard {
  const ranges = allowed.map(prefixOf);

  function isRefused(text: string): boolean {
    const address = parseAddress(text);
    if (address === undefined) return true;
    if (ranges.some((range) => inRange(address, range))) return false;
    if (inRange(address, translated))
      return isRefused(
        `${address[3] >>> 24}.${(address[3] >>> 16) & 255}.${(address[3] >>> 8) & 255}.${address[3] & 255}`,
      );
    return refused.some((range) => inRange(address, range));
  }

  function faultOf(host: string, address: string): Fault {
    const what = host === address ? address : `${host} (${address})`;
    return new Fault(`${what} may not be connected to: link-local, metadata and group addresses are refused`, {
      code: "sinks/refused-address",
      kind: "forbidden",
      hint: "if it is meant, put it into the server's configuration: sinks.allowedAddresses",
    });
  }

  function checkHost(host: string): void {
    const bare = host.replace(/^\[(.*)\]$/, "$1");
    if (parseAddress(bare) !== undefined && isRefused(bare)) throw faultOf(bare, bare);
  }

  const lookup: LookupFunction = (host, options, done) => {
    lookupName(host, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, "", 0);
      const bad = found.find(({ address }) => isRefused(address));
      if (bad !== undefined) return done(faultOf(host, bad.address), "", 0);
      const [first] = found;
      if (options.all === true) return done(null, found);
      return done(null, first?.address ?? "", first?.family ?? 0);
    });
  };

  return {
    checkHost,
    lookup,
    resolve: async (host) => {
      checkHost(host);
      const { promise, resolve, reject } = Promise.withResolvers<LookupAddress>();
      lookup(host, {}, (error, address, family) => {
        if (error !== null) reject(error);
        else resolve({ address: typeof address === "string" ? address : host, family: family ?? 4 });
      });
      return await promise;
    },
  };
}
