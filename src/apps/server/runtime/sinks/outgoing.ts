// Events on their way out: their lasting number, and the one that a test sends.
import { createHash } from "node:crypto";
import type { Outgoing } from "../../../../edge/sinks/sink.ts";
import { SecurityEvent } from "../../../../model/security-event.ts";

/** A UUID (RFC 9562, version 8) made of the event's content: the same whenever it is sent. */
export function outgoingOf(event: SecurityEvent): Outgoing {
  const hash = createHash("sha256").update(JSON.stringify(event)).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  const uuid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
  return { event, uuid };
}

export function testEvent(sink: string, place: { readonly nowMs: number; readonly cluster: string }): Outgoing {
  return outgoingOf(
    SecurityEvent.parse({
      time: new Date(place.nowMs).toISOString(),
      severity: "info",
      source: "garrison",
      rule: "Garrison sink test",
      title: "Test of a sink",
      message: `A test of the sink ${sink}: nothing happened`,
      tags: ["garrison_test"],
      count: 1,
      cluster: place.cluster,
      node: "garrison",
      identityReason: "a test",
      fidelity: "simulated",
    }),
  );
}
