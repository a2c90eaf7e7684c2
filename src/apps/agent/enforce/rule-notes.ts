// Which rules decided about a pair of ends lately: what rows of the sensor are completed with. Bounded; what is forgotten leaves a row as it was.
import type { PolicyPacket } from "../../../core/policy/compile/dataplane.ts";
import type { Row } from "../../../model/table.ts";
import { protocolWord } from "./deny-flows.ts";
import { enforceLimits } from "./limits.ts";

interface Note {
  readonly allowed: number[];
  denied: number;
  generation: number;
  timeMs: number;
}

export interface RuleNotes {
  take(packet: PolicyPacket, generation: number): void;
  /** Completes a row in place: rule ids of an allowed flow, and why a connect without an answer failed. */
  complete(row: Row<"flows">): void;
  expire(nowMs: number): void;
  clear(): void;
}

/** Rules of both directions, of both ends where both are here. */
const rulesPerPairMax = 4;

export function createRuleNotes(wordsOf: (ruleId: number) => string): RuleNotes {
  const notes = new Map<string, Note>();
  const keyOf = (protocol: string, source: string, destination: string, port: number) =>
    `${protocol} ${source} ${destination} ${port}`;
  return {
    take(packet, generation) {
      const { protocol, source, destination, destinationPort, verdict, ruleId, timeMs } = packet;
      if (ruleId === 0) return;
      const key = keyOf(protocolWord(protocol), source, destination, destinationPort);
      let note = notes.get(key);
      if (note === undefined || note.generation !== generation) {
        if (notes.size >= enforceLimits.notesMax) {
          const [oldest] = notes.keys();
          if (oldest !== undefined) notes.delete(oldest);
        }
        note = { allowed: [], denied: 0, generation, timeMs };
        notes.delete(key);
        notes.set(key, note);
      }
      note.timeMs = timeMs;
      if (verdict === "deny") note.denied = ruleId;
      else if (!note.allowed.includes(ruleId) && note.allowed.length < rulesPerPairMax) note.allowed.push(ruleId);
    },
    complete(row) {
      if (notes.size === 0 || row.level > 2) return;
      const note = notes.get(keyOf(row.protocol, row.sourceAddress, row.destinationAddress, row.destinationPort));
      if (note === undefined) return;
      if (row.verdict === "allow" && note.allowed.length > 0) {
        row.policies = [...note.allowed];
        row.policyGeneration = note.generation;
      } else if (row.verdict === "unknown" && row.connectionsFailed > 0 && note.denied !== 0) {
        // The denied connection has a row of its own; this one says what its silence was.
        row.verdictBecause = `${row.verdictBecause}; ${wordsOf(note.denied)} (denied in a row of its own)`.slice(
          0,
          250,
        );
      }
    },
    expire(nowMs) {
      for (const [key, { timeMs }] of notes) if (nowMs - timeMs > enforceLimits.noteKeptMs) notes.delete(key);
    },
    clear: () => notes.clear(),
  };
}
