// Subjects and peers that ClusterNetworkPolicy and its two predecessors write alike.
import type { EntityMatch } from "../model.ts";
import { allNode } from "../selector/build.ts";
import { selectorOf } from "../selector/canonical.ts";
import type { Selector } from "../selector/selector.ts";
import { podPeer } from "./kubernetes.ts";
import { peerSelector } from "./label-selector.ts";
import { child, failClosed, fields, items, refuse, type At } from "./reader.ts";
import { domainName, prefixes } from "./words.ts";

/** Networks and names of one peer. */
const peerListMax = 25;

/** `namespaces` or `pods`, exactly one. */
export function subjectOf(at: At | undefined, holder: At): Selector | undefined {
  if (at === undefined) {
    return refuse(child(holder, "subject"), { code: "missing-field", message: "spec.subject is missing" });
  }
  const subject = fields(at, ["namespaces", "pods"]);
  if (subject === undefined) return undefined;
  const match = podsOf(at, subject.get("namespaces"), subject.get("pods"));
  if (match !== undefined) return match.selector;
  return refuse(at, { code: "bad-value", message: "subject needs exactly one of namespaces and pods" });
}

function podsOf(at: At, namespaces: At | undefined, pods: At | undefined): EntityMatch | undefined {
  if ((namespaces === undefined) === (pods === undefined)) return undefined;
  if (namespaces !== undefined) {
    const around = peerSelector(namespaces, "pcns.");
    return around === undefined ? undefined : podPeer(allNode, around);
  }
  const pair = fields(pods ?? at, ["namespaceSelector", "podSelector"], "failClosed");
  if (pair === undefined || pair.unknown.length > 0) return undefined;
  const own = peerSelector(pair.get("podSelector"), "");
  const around = peerSelector(pair.get("namespaceSelector"), "pcns.");
  return own === undefined || around === undefined ? undefined : podPeer(own, around);
}

export const ingressPeers = ["namespaces", "pods"] as const;
export const egressPeers = [...ingressPeers, "nodes", "networks", "domainNames"] as const;

/** A peer, or undefined when it has a field that is not known, none or several: then its whole rule fails closed. */
export function peerOf(at: At, known: readonly string[], action: string): EntityMatch | undefined {
  const peer = fields(at, known, "failClosed");
  if (peer === undefined || peer.unknown.length > 0) return undefined;
  const given = known.filter((name) => peer.get(name) !== undefined);
  if (given.length !== 1) {
    return failClosed(at, {
      code: "unknown-peer",
      message: `a peer needs exactly one of ${known.join(", ")}; the rule fails closed`,
    });
  }
  const nodes = peer.get("nodes");
  if (nodes !== undefined) {
    const selector = peerSelector(nodes, "");
    return selector === undefined ? undefined : { selector: selectorOf(selector), kinds: ["node"] };
  }
  const networks = peer.get("networks");
  if (networks !== undefined) return { nets: items(networks, peerListMax).flatMap((item) => prefixes(item)) };
  const names = peer.get("domainNames");
  if (names !== undefined) return domainsOf(names, action);
  return podsOf(at, peer.get("namespaces"), peer.get("pods"));
}

function domainsOf(at: At, action: string): EntityMatch | undefined {
  if (action !== "Allow") {
    return refuse(at, { code: "bad-value", message: "domainNames goes with Accept rules only" });
  }
  return { domains: items(at, peerListMax).flatMap((item) => domainName(item) ?? []) };
}
