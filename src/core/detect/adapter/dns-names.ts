// Which names stood for an address, by the DNS answers that were seen: what fd.sip.name compares. Bounded; the oldest addresses are forgotten.
import { readDnsMessage } from "../../protocol/dns-message.ts";
import type { DnsPacketEvent } from "../../sense/sensor.ts";

export const dnsNameLimits = { addressesMax: 8192, namesOfAddressMax: 16 } as const;

export interface DnsNames {
  observe(event: DnsPacketEvent): void;
  namesOf(address: string): readonly string[] | undefined;
}

export function createDnsNames(): DnsNames {
  const names = new Map<string, readonly string[]>();
  function add(address: string, name: string): void {
    const before = names.get(address) ?? [];
    if (before.includes(name)) return;
    names.delete(address);
    names.set(address, [name, ...before].slice(0, dnsNameLimits.namesOfAddressMax));
    if (names.size <= dnsNameLimits.addressesMax) return;
    const oldest = names.keys().next().value;
    if (oldest !== undefined) names.delete(oldest);
  }
  return {
    observe({ payload }) {
      const message = readDnsMessage(payload);
      if (!message.ok || !message.isResponse) return;
      for (const { type, value, name } of message.answers) {
        if (type !== "A" && type !== "AAAA") continue;
        // The name that was asked for counts, also behind aliases.
        add(value, name);
        if (message.question !== "") add(value, message.question);
      }
    },
    namesOf: (address) => names.get(address),
  };
}
