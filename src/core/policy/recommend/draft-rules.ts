// From folds to rules: peers with the same ports become one rule, neighbouring ports one range, and each rule says what it is made of.
import { formatInstant } from "../../../base/instant.ts";
import type { Direction } from "../model.ts";
import type { PeerDraft, PortDraft, RuleDraft } from "../write/draft.ts";
import { evidenceOf } from "./edges.ts";
import type { Fold } from "./fold.ts";
import { netsPerRuleMax, type Evidence, type RecommendedRule } from "./recommendation.ts";

/** Rules for one direction, in a fixed order: pods, names, addresses, public. */
export function rulesOf(direction: Direction, folds: readonly Fold[]): readonly RecommendedRule[] {
  const byPeer = Map.groupBy(folds, ({ peerKey }) => peerKey);
  const peers = [...byPeer.values()].map((list) => ({ list, ports: portsOf(list) }));
  // Names and addresses with the same ports share a rule; pods have one each.
  const together = Map.groupBy(peers, ({ list, ports }) => {
    const [first] = list;
    if (first === undefined || first.peer.kind === "pods" || first.from === "public") return first?.peerKey ?? "";
    return `${first.peer.kind} ${JSON.stringify(ports)}`;
  });
  return [...together.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    return chunks(members, netsPerRuleMax).map((part) => {
      const list = part.flatMap((member) => member.list);
      return recommended(direction, peerOf(list), first.ports, list);
    });
  });
}

function chunks<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  const parts: T[][] = [];
  for (let at = 0; at < list.length; at += size) parts.push(list.slice(at, at + size));
  return parts;
}

function peerOf(folds: readonly Fold[]): PeerDraft {
  const peers = folds.map(({ peer }) => peer);
  const [first] = peers;
  switch (first?.kind) {
    case "nets":
      return { kind: "nets", nets: distinct(peers.flatMap((peer) => (peer.kind === "nets" ? peer.nets : []))) };
    case "domains":
      return { kind: "domains", names: distinct(peers.flatMap((peer) => (peer.kind === "domains" ? peer.names : []))) };
    case undefined:
      return { kind: "nets", nets: [] };
    case "pods":
    case "any":
      return first;
  }
}

function distinct(list: readonly string[]): readonly string[] {
  return [...new Set(list)];
}

/** Sorted, neighbours joined: 8080, 8081, 8082 is 8080 to 8082. */
function portsOf(folds: readonly Fold[]): readonly PortDraft[] {
  const sorted = folds
    .map(({ port }) => port)
    .sort((one, other) => one.protocol - other.protocol || one.from - other.from);
  const joined: PortDraft[] = [];
  for (const port of sorted) {
    const last = joined.at(-1);
    if (last === undefined || last.protocol !== port.protocol || port.from > last.to + 1) joined.push(port);
    else joined[joined.length - 1] = { ...last, to: Math.max(last.to, port.to) };
  }
  return joined;
}

function recommended(
  direction: Direction,
  peer: PeerDraft,
  ports: readonly PortDraft[],
  folds: readonly Fold[],
): RecommendedRule {
  const evidence = evidenceOf(folds.flatMap(({ edges }) => edges));
  const from = folds.some((fold) => fold.from === "public") ? "public" : "shown";
  const words = `${from === "public" ? "public, " : ""}${inWords(evidence)}`;
  const rule: RuleDraft = { direction, peer, ports, comment: words };
  return { rule, evidence, confidence: confidenceOf(evidence), from };
}

export function inWords({ connections, days, lastMs }: Evidence): string {
  const last = formatInstant(lastMs).slice(0, 10);
  return `seen: ${counted(connections, "connection")} on ${counted(days, "day")}, last ${last}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** 0 to 1: six tenths by days (seven are enough), four tenths by connections (a thousand are enough, on a scale of powers of ten). */
export function confidenceOf({ days, connections }: Evidence): number {
  const byDays = Math.min(1, days / 7);
  const byConnections = Math.min(1, Math.log10(1 + connections) / 3);
  return Math.round((0.6 * byDays + 0.4 * byConnections) * 100) / 100;
}
