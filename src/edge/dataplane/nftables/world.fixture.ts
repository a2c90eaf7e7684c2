// Two pods on a router with a dataplane, and a policy between them: for tests with real packets.
import type { TestContext } from "node:test";
import { silentLogger } from "../../../base/logger.ts";
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import {
  logPrefix,
  type NftExpression,
  type NftRule,
  type NftRuleset,
} from "../../../core/policy/compile/nft/ruleset.ts";
import { openListeners, type Listener, type Listeners } from "../../../../test/support/netns/listeners.ts";
import { mayMakeNamespaces } from "../../../../test/support/netns/namespace.ts";
import { openStar, type Star } from "../../../../test/support/netns/star.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { openNftables } from "./open-nftables.ts";
import { forward, keys, rule, ruleset, set, table } from "./rulesets.fixture.ts";

const missing = "root in a kernel with network namespaces, nf_tables and NFLOG";
export const clock = { nowMs: () => Date.now() };
export const silent = { timeoutMs: 250 };
/** For probes that are answered: a slow machine is waited for. */
export const patient = { timeoutMs: 30_000 };
export const a4 = "10.1.0.2";
export const b4 = "10.1.0.3";
export const a6 = "fd01::2";
export const b6 = "fd01::3";

export interface World {
  readonly star: Star;
  readonly plane: Dataplane;
  readonly listeners: Listeners;
}

/** Two pods, b serving on some ports, and a dataplane on their router; undefined (and the test skipped) where this cannot be. */
export async function openWorld(
  context: TestContext,
  more: (star: Star) => readonly Listener[] = () => [],
): Promise<World | undefined> {
  if (!skipUnless(context, mayMakeNamespaces(), missing)) return undefined;
  const star = openStar({
    pods: [
      { name: "a", addresses: [a4, a6] },
      { name: "b", addresses: [b4, b6] },
    ],
  });
  const b = star.pod("b");
  const served = (["0.0.0.0", "::"] as const).flatMap((address): readonly Listener[] => [
    { in: b, address, port: 80, protocol: "tcp", echo: true },
    { in: b, address, port: 81, protocol: "tcp" },
    { in: b, address, port: 53, protocol: "udp" },
  ]);
  const listeners = await openListeners([...served, ...more(star)]);
  const plane = openNftables({ netns: star.router.path, table, clock, logger: silentLogger });
  context.after(async () => {
    plane.close();
    await listeners.close();
    star.close();
  });
  return { star, plane, listeners };
}

export const accept: NftExpression = { do: "verdict", verdict: "accept" };
export const drop: NftExpression = { do: "verdict", verdict: "drop" };
export const established = rule({ do: "ct-state", states: ["established", "related"], operator: "eq" }, accept);

export function logged(verdict: "allow" | "deny", ruleId: number, ...when: readonly NftExpression[]): NftRule {
  const prefix = logPrefix(verdict, "ingress", ruleId);
  return {
    ...rule(
      ...when,
      { do: "counter" },
      { do: "log", group: 4714, prefix, snapLength: 96, queueThreshold: 16 },
      verdict === "allow" ? accept : drop,
    ),
    ruleId,
  };
}

/** TCP and UDP of b by sets and maps, in both families; all else is denied. */
export const policy: NftRuleset = ruleset({
  digest: "policy",
  sets: [
    set("gr_peers4", ["ipv4_addr"], keys([{ low: "10.1.0.0", high: "10.1.0.255" }]), { interval: true }),
    set("gr_peers6", ["ipv6_addr"], keys([a6])),
    set("gr_ports", ["inet_proto", "inet_service"], keys([6, { low: 80, high: 80 }], [17, 53]), { interval: true }),
    set("gr_to4", ["ipv4_addr"], [{ key: [b4], data: { verdict: "goto", chain: "gr_b" } }], { isMap: true }),
    set("gr_to6", ["ipv6_addr"], [{ key: [b6], data: { verdict: "goto", chain: "gr_b" } }], { isMap: true }),
  ],
  chains: [
    {
      name: "gr_forward",
      base: forward,
      rules: [
        established,
        rule({ do: "vmap", fields: ["ip daddr"], map: "gr_to4" }),
        rule({ do: "vmap", fields: ["ip6 daddr"], map: "gr_to6" }),
      ],
    },
    {
      name: "gr_b",
      rules: [
        logged(
          "allow",
          0xa4,
          { do: "lookup", fields: ["ip saddr"], set: "gr_peers4", operator: "eq" },
          { do: "lookup", fields: ["meta l4proto", "th dport"], set: "gr_ports", operator: "eq" },
        ),
        logged(
          "allow",
          0xa6,
          { do: "lookup", fields: ["ip6 saddr"], set: "gr_peers6", operator: "eq" },
          { do: "lookup", fields: ["meta l4proto", "th dport"], set: "gr_ports", operator: "eq" },
        ),
        logged("deny", 0xdd),
      ],
    },
  ],
});
