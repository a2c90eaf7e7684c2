// What the writers of rules share: rules that fail closed, and one written rule as one rule per pair of peer and port group.
import type { Action, Direction, EntityMatch, PortMatch, Rule } from "../model.ts";

export interface Written {
  readonly action: Action;
  /** Index in the list that the user wrote. */
  readonly index: number;
  readonly name: string;
  readonly direction: Direction;
}

/** Ports of one protocol. */
export interface PortGroup {
  /** Missing: every protocol. */
  readonly protocol?: number;
  /** Missing: all ports of the protocol. */
  readonly ports?: readonly PortMatch[];
  readonly icmp?: { readonly type: number; readonly code?: number };
}

/**
 * A rule with a condition that nobody here knows. An allow then matches nothing; a deny, a pass and a log, which may have covered anything,
 * become a deny of everything in their direction.
 */
export function closedRule(written: Written): Rule {
  const { action, index, name, direction } = written;
  if (action !== "Allow") return { action: "Deny", written: index, name, source: {}, destination: {} };
  const nothing: EntityMatch = { nets: [] };
  const [source, destination] = direction === "ingress" ? [nothing, {}] : [{}, nothing];
  return { action, written: index, name, source, destination };
}

/** Each peer with each group of ports. Names of ports do not resolve on address blocks, names of domains and nodes: they are left out there. */
export function crossed(
  written: Written,
  peers: readonly EntityMatch[],
  groups: readonly PortGroup[],
): readonly Rule[] {
  const { action, index, name, direction } = written;
  return peers.flatMap((peer) =>
    groups.map(({ protocol, ports, icmp }) => {
      const near: EntityMatch = {};
      const [source, destination] = direction === "ingress" ? [peer, near] : [near, peer];
      const resolved = ports === undefined ? undefined : resolvable(peer, direction, ports);
      return {
        action,
        written: index,
        name,
        ...(protocol === undefined ? {} : { protocol }),
        ...(icmp === undefined ? {} : { icmp }),
        source,
        destination: resolved === undefined ? destination : { ...destination, ports: resolved },
      };
    }),
  );
}

function resolvable(peer: EntityMatch, direction: Direction, ports: readonly PortMatch[]): readonly PortMatch[] {
  const hasPorts = peer.nets === undefined && peer.domains === undefined && peer.kinds?.includes("node") !== true;
  return direction === "ingress" || hasPorts ? ports : ports.filter((port) => "from" in port);
}
