// Transparent mode as a table of nf_tables in a workload's network namespace (docs/decisions/0009-transparent-waf.md). Promises: only openings of TCP
// connections from outside to the given ports are turned; what was open before stays; nothing that would reach the application past the gateway does.
import type { Counter } from "../../policy/compile/dataplane.ts";
import type { NftChain, NftExpression, NftRule, NftRuleset, NftSet } from "../../policy/compile/nft/ruleset.ts";
import { aliveBit, aliveTable, liveSet, ownMark, transparentTable } from "./limits.ts";

export interface TurnedPort {
  /** What clients dial and the application listens on. */
  readonly port: number;
  /** Where the gateway listens for it, by family; undefined: the namespace has no such family. */
  readonly listenPort4: number | undefined;
  readonly listenPort6: number | undefined;
  /** What happens to new connections while the gateway is not there. */
  readonly onDown: "open" | "closed";
}

export interface TransparentTableInput {
  readonly ports: readonly TurnedPort[];
  /** False: new connections go straight to the application; those in the gateway are still carried. */
  readonly isOn: boolean;
  /** Kept in the kernel for who takes the table over. */
  readonly digest: string;
}

/** What one port's rules counted: openings of connections. */
export interface PortFigures {
  readonly port: number;
  readonly turned: number;
  /** Passed to the application, not inspected, while the gateway was not there. */
  readonly passedWhileDown: number;
  readonly droppedWhileDown: number;
  /** Packets that tried to get past the gateway: to its own port, into its connections, or openings that cannot be tracked. */
  readonly refused: number;
}

const counted = { turned: 1, passedWhileDown: 2, droppedWhileDown: 3, refused: 4 } as const;
type Counted = keyof typeof counted;

/** FIN, SYN, RST, ACK: of these an opening has SYN alone; TCP drops every other opening with SYN. */
const openingMask = 0x17;
const SYN = 2;
const DNAT = 32;
const TCP = 6;

const verdict = (name: "accept" | "drop"): NftExpression => ({ do: "verdict", verdict: name });
const fromLoopback: NftExpression = { do: "compare", field: "meta iifname", operator: "eq", value: "lo" };
const isOpening: NftExpression = {
  do: "compare",
  field: "tcp flags",
  operator: "eq",
  value: SYN,
  mask: openingMask,
};
const isTcp: NftExpression = { do: "compare", field: "meta l4proto", operator: "eq", value: TCP };
const toPort = (port: number): NftExpression => ({ do: "compare", field: "th dport", operator: "eq", value: port });

function ruleId(port: number, what: Counted): number {
  return ((port << 3) | counted[what]) >>> 0;
}

function count(port: number, what: Counted, expressions: readonly NftExpression[]): NftRule {
  return { expressions, ruleId: ruleId(port, what) };
}

/** The whole table. Names end with the port, so that a port that stays keeps its chains and counters. */
export function compileTransparentTable(input: TransparentTableInput): NftRuleset {
  const live: NftSet = {
    name: liveSet,
    key: ["inet_proto"],
    interval: false,
    timeout: true,
    isMap: false,
    elements: [],
    version: 1,
    isDynamic: true,
  };
  const turning = input.isOn ? input.ports : [];
  return {
    table: { family: "inet", name: transparentTable },
    digest: input.digest,
    sets: [live],
    chains: [
      ...ownChains,
      turnChain(turning),
      ...turning.flatMap((port) => [portChain(port), downChain(port)]),
      guardChain(input.ports),
    ],
  };
}

/**
 * What says that the gateway is there: openings have a bit of their mark set from the first hook until they were turned. The kernel removes the table when
 * the process ends, by whatever death, so that the very next opening takes the other way. While it is there, nobody else may write it: it is the lock of the
 * namespace, too. `isTurning` false: the lock alone, no bit is set.
 */
export function compileAliveTable({ isTurning }: { readonly isTurning: boolean }): NftRuleset {
  const bit = (value: number): NftExpression => ({ do: "set-mark", which: "meta", value, mask: aliveBit });
  const chain = (name: string, priority: number, value: number): NftChain => ({
    name,
    base: { type: "filter", hook: "prerouting", priority, policy: "accept" },
    rules: [{ expressions: [fromLoopback, verdict("accept")] }, { expressions: [isOpening, bit(value)] }],
  });
  return {
    table: { family: "inet", name: aliveTable, endsWithProcess: true },
    digest: isTurning ? "alive" : "held",
    sets: [],
    chains: isTurning ? [chain("gr_alive", -150, aliveBit), chain("gr_alive_end", -90, 0)] : [],
  };
}

/** The gateway's own leg is not tracked: the client's connection has the same addresses and ports. */
const ownChains: readonly NftChain[] = [
  {
    name: "gr_own_out",
    base: { type: "filter", hook: "output", priority: -300, policy: "accept" },
    rules: [
      {
        expressions: [{ do: "compare", field: "meta mark", operator: "eq", value: ownMark }, { do: "notrack" }],
      },
    ],
  },
  {
    name: "gr_own_in",
    base: { type: "filter", hook: "prerouting", priority: -300, policy: "accept" },
    rules: [
      {
        expressions: [
          fromLoopback,
          { do: "compare", field: "meta mark", operator: "eq", value: ownMark },
          { do: "notrack" },
        ],
      },
    ],
  },
];

/** Asked for the first packet of each tracked connection only; the rest follows it by connection tracking. */
function turnChain(ports: readonly TurnedPort[]): NftChain {
  const rules: NftRule[] = ports.map(({ port }) => ({
    expressions: [
      isOpening,
      toPort(port),
      // There is a socket for it: without one the kernel refuses it, as without us. Sockets of ended connections count as well.
      { do: "compare", field: "socket transparent", operator: "eq", value: 0 },
      { do: "verdict", verdict: "goto", chain: `gr_port_${port}` },
    ],
  }));
  return {
    name: "gr_turn",
    base: { type: "nat", hook: "prerouting", priority: -101, policy: "accept" },
    rules: [{ expressions: [fromLoopback, verdict("accept")] }, ...rules],
  };
}

function portChain({ port, listenPort4, listenPort6 }: TurnedPort): NftChain {
  const down: NftExpression = { do: "verdict", verdict: "goto", chain: `gr_down_${port}` };
  const turn = (family: 4 | 6, listenPort: number | undefined): readonly NftRule[] =>
    listenPort === undefined
      ? []
      : [
          count(port, "turned", [
            { do: "compare", field: "meta nfproto", operator: "eq", value: family === 4 ? "ipv4" : "ipv6" },
            { do: "counter" },
            { do: "to-port", port: listenPort },
          ]),
        ];
  return {
    name: `gr_port_${port}`,
    rules: [
      { expressions: [{ do: "compare", field: "meta mark", operator: "eq", value: 0, mask: aliveBit }, down] },
      { expressions: [{ do: "lookup", fields: ["meta l4proto"], set: liveSet, operator: "ne" }, down] },
      ...turn(4, listenPort4),
      ...turn(6, listenPort6),
      { expressions: [down] },
    ],
  };
}

function downChain({ port, onDown }: TurnedPort): NftChain {
  const rule =
    onDown === "open"
      ? count(port, "passedWhileDown", [{ do: "counter" }, verdict("accept")])
      : count(port, "droppedWhileDown", [{ do: "counter" }, verdict("drop")]);
  return { name: `gr_down_${port}`, rules: [rule] };
}

/** What translation did not touch must not reach our sockets, nor the application's that we speak with. */
function guardChain(ports: readonly TurnedPort[]): NftChain {
  const rules = ports.flatMap(({ port, listenPort4, listenPort6 }): readonly NftRule[] => {
    const drop = (...expressions: readonly NftExpression[]): NftRule =>
      count(port, "refused", [...expressions, { do: "counter" }, verdict("drop")]);
    const listens = [...new Set([listenPort4, listenPort6])].filter((one) => one !== undefined);
    return [
      ...listens.flatMap((listenPort): readonly NftRule[] => [
        {
          expressions: [
            isTcp,
            toPort(listenPort),
            { do: "compare", field: "ct status", operator: "eq", value: DNAT, mask: DNAT },
            verdict("accept"),
          ],
        },
        drop(isTcp, toPort(listenPort)),
      ]),
      drop(isOpening, toPort(port), { do: "ct-state", states: ["invalid", "untracked"], operator: "eq" }),
      drop(isTcp, toPort(port), { do: "compare", field: "socket mark", operator: "eq", value: ownMark }),
    ];
  });
  return {
    name: "gr_guard",
    base: { type: "filter", hook: "input", priority: -10, policy: "accept" },
    rules: [{ expressions: [fromLoopback, verdict("accept")] }, ...rules],
  };
}

/** Counters of the table by port, ports ascending. Counters of others' rules are passed over. */
export function figuresOf(counters: readonly Counter[]): readonly PortFigures[] {
  const byPort = new Map<number, Record<Counted, number>>();
  for (const { ruleId: id, packets } of counters) {
    const what = (Object.keys(counted) as Counted[]).find((one) => counted[one] === (id & 7));
    if (what === undefined) continue;
    const port = id >>> 3;
    const figures = byPort.get(port) ?? { turned: 0, passedWhileDown: 0, droppedWhileDown: 0, refused: 0 };
    figures[what] += packets;
    byPort.set(port, figures);
  }
  return [...byPort].map(([port, figures]) => ({ port, ...figures })).sort((a, b) => a.port - b.port);
}
