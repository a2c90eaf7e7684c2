// RFC 5424: "<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG", and the framing of streams (RFC 6587: octet counting).
import { syslogFacilities } from "../../../model/sink.ts";
import type { SecurityEvent } from "../../../model/security-event.ts";

/** Syslog's own severities, 0 emergency to 7 debug. */
export const syslogSeverities = {
  critical: 2,
  high: 3,
  medium: 4,
  low: 5,
  info: 6,
} as const satisfies Record<SecurityEvent["severity"], number>;

/** The part before the message, with the space that ends it. No structured data: there is no registered name for ours. */
export function syslogHeader(
  event: Pick<SecurityEvent, "severity" | "time" | "node">,
  facility: (typeof syslogFacilities)[number],
): string {
  const priority = syslogFacilities.indexOf(facility) * 8 + syslogSeverities[event.severity];
  return `<${priority}>1 ${event.time} ${printable(event.node, 255)} garrison - security - `;
}

/** PRINTUSASCII without spaces; "-" is "no value". */
function printable(text: string, lengthMax: number): string {
  const kept = text.replaceAll(/[^\x21-\x7e]/g, "_").slice(0, lengthMax);
  return kept === "" ? "-" : kept;
}

/** "LENGTH SP MESSAGE", the length in octets. */
export function octetCounted(message: string): Buffer {
  const bytes = Buffer.from(message, "utf8");
  return Buffer.concat([Buffer.from(`${bytes.length} `, "ascii"), bytes]);
}
