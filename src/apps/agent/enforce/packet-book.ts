// Reports of packets from the kernel: denied ones become rows of `flows`, allowed ones say which rules let a flow of the sensor pass. Probes of our own
// are neither. Bounded; what was lost on the way is a gap.
import type { AddressBook } from "../../../core/directory/address-book.ts";
import { remoteEndOf } from "../../../core/directory/remote-end.ts";
import type { PacketBatch } from "../../../core/policy/compile/dataplane.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { WorldEndpoint } from "../../../core/policy/world.ts";
import type { Row } from "../../../model/table.ts";
import { createDenyFlows, type DeniedEnd } from "./deny-flows.ts";
import type { ProbeWatch } from "./prove.ts";
import { createRuleNotes } from "./rule-notes.ts";
import { createTierEndCounts } from "./tier-end-counts.ts";
import { ruleWords } from "./rule-words.ts";

export interface PacketBook {
  take(batch: PacketBatch): void;
  /** The policies that packets are judged by from now on. */
  know(engine: PolicyEngine, generation: number): void;
  /** Nothing is enforced any more. */
  forget(): void;
  /** Completes a row of the sensor with the rules that decided about its pair of ends. */
  complete(row: Row<"flows">): void;
  flush(nowMs: number): Row<"flows">[];
  drain(): Row<"flows">[];
  takeGaps(nowMs: number): Row<"gaps">[];
  /** Packets that no rule of a policy allowed, and that the end of its tier therefore denied. */
  deniedAtEnd(policy: string): number;
}

export interface PacketBookOptions {
  /** Who has an address in the cluster; absent: only endpoints of the policies' world are known. */
  readonly book: AddressBook | undefined;
  /** The endpoint that an address belongs to in the policies' world. */
  readonly at: (address: string) => WorldEndpoint | undefined;
  readonly probes: ProbeWatch;
  readonly domainOf: (endpoint: string, address: string) => string;
  readonly startMs: number;
}

export function createPacketBook(options: PacketBookOptions): PacketBook {
  let engine: PolicyEngine | undefined;
  let generation = 0;
  let sinceMs = options.startMs;
  let lost = 0;
  let unreadable = 0;
  const tierEnds = createTierEndCounts();
  const notes = createRuleNotes((ruleId) => ruleWords(engine, ruleId, ""));
  const denied = createDenyFlows({
    endOf: (question) => endOf(options.at(question.address), options.book, question),
    wordsOf: (ruleId, endpoint) => ruleWords(engine, ruleId, endpoint),
    generation: () => generation,
    domainOf: ({ endpoint }, address) => (endpoint === "" ? "" : options.domainOf(endpoint, address)),
  });
  return {
    take(batch) {
      lost += batch.lost;
      unreadable += batch.unreadable;
      for (const packet of batch.packets) {
        if (options.probes.isProbe(packet)) continue;
        notes.take(packet, generation);
        if (packet.verdict !== "deny") continue;
        denied.take(packet);
        if (engine === undefined) continue;
        const end = options.at(packet.direction === "ingress" ? packet.destination : packet.source);
        tierEnds.take(engine, packet, end?.id ?? "");
      }
    },
    know(next, number) {
      if (engine?.set !== next.set) tierEnds.keepOnly(next.set);
      engine = next;
      generation = number;
    },
    forget() {
      engine = undefined;
      notes.clear();
      tierEnds.clear();
    },
    complete: (row) => notes.complete(row),
    flush(nowMs) {
      notes.expire(nowMs);
      return denied.flush(nowMs);
    },
    drain: () => denied.drain(),
    deniedAtEnd: (policy) => tierEnds.of(policy),
    takeGaps(nowMs) {
      const window = { time: sinceMs, durationMs: Math.max(0, nowMs - sinceMs), table: "flows" as const };
      const rows: Row<"gaps">[] = [];
      const detail = "reports of the kernel about packets that policies decided about";
      if (lost > 0) rows.push({ ...window, reason: "ring-full", rows: lost, counted: "estimate", detail });
      const full = denied.takeLost();
      if (full + unreadable > 0) {
        const what = `${full} denied packets had no room, ${unreadable} reports could not be read`;
        rows.push({ ...window, reason: "limit", rows: full + unreadable, counted: "estimate", detail: what });
      }
      lost = 0;
      unreadable = 0;
      sinceMs = nowMs;
      return rows;
    },
  };
}

/** The endpoint of the policies' world by address; the cluster's directory knows service, image and owner better where it has the address. */
function endOf(
  endpoint: WorldEndpoint | undefined,
  book: AddressBook | undefined,
  question: { readonly address: string; readonly port: number; readonly protocol: string; readonly timeMs: number },
): DeniedEnd {
  const id = endpoint?.id ?? "";
  const told = remoteEndOf(book, question);
  const isTold = told.kind !== "External" && told.kind !== "Unknown";
  if (isTold || endpoint === undefined) {
    const { kind, namespace, workload, pod, service, imageDigest, reason } = told;
    return { kind, namespace, workload, pod, service, imageDigest, reason, endpoint: id };
  }
  const { namespace, name } = endpoint;
  const isNode = endpoint.kind === "node";
  const who = { kind: isNode ? ("Host" as const) : ("Pod" as const), workload: name, pod: isNode ? "" : name };
  return { ...who, namespace, service: "", imageDigest: "", reason: "", endpoint: id };
}
