// Receipts: for each policy one connection that it allows and one that it denies, tried for real between namespaces of this machine. A denied one counts
// only when nothing came back and, where the kernel's reports are read, one of our rules said that it dropped it.
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { Policy } from "../../../core/policy/model.ts";
import type { PolicyPacket } from "../../../core/policy/compile/dataplane.ts";
import type { ProbeReceipt } from "../../../model/enforcement-status.ts";
import { chooseProbes, type ChosenProbe, type ProbeEnd } from "./choose-probes.ts";
import { enforceLimits } from "./limits.ts";

/** How probes are made; edge/dataplane/local/probe.ts, or a test's. */
export type TryProbes = (
  probes: readonly {
    readonly netns: string;
    readonly source: string;
    readonly address: string;
    readonly protocol: "tcp" | "udp";
    readonly port: number;
  }[],
  options: { readonly timeoutMs: number; readonly onStarted: (index: number, localPort: number) => void },
) => Promise<readonly { readonly outcome: string; readonly because: string }[]>;

export interface Proof {
  readonly probes: readonly ProbeReceipt[];
  /** Why it is not proved; "" when it is. */
  readonly because: string;
}

/** Our own probes, so that they are told apart from what workloads do. */
export interface ProbeWatch {
  /** True when the packet is of a probe of ours; remembers that it was denied. */
  isProbe(packet: PolicyPacket): boolean;
}

export interface Prover extends ProbeWatch {
  prove(
    engine: PolicyEngine,
    policies: readonly Policy[],
    ends: readonly ProbeEnd[],
  ): Promise<ReadonlyMap<string, Proof>>;
}

/** `reports` resolves once it is known whether the kernel's reports are read: without them silence alone is the proof. */
export function createProver(options: {
  readonly tryProbes: TryProbes;
  readonly reports: () => Promise<boolean>;
  readonly pause: (ms: number) => Promise<void>;
}): Prover {
  const { tryProbes, reports, pause } = options;
  /** Tuples of probes on their way or just ended, and whether a rule denied them. */
  const flying = new Map<string, boolean>();

  async function waitForReports(keys: readonly string[]): Promise<void> {
    for (let tries = 0; tries < reportTriesMax; tries += 1) {
      if (keys.every((key) => flying.get(key) === true)) return;
      await pause(100);
    }
  }

  return {
    isProbe(packet) {
      const key = tupleOf(packet);
      if (!flying.has(key)) return false;
      if (packet.verdict === "deny") flying.set(key, true);
      return true;
    },
    async prove(engine, policies, ends) {
      const chosen = new Map(policies.map((policy) => [policy, chooseProbes(engine, policy, ends)]));
      const probes = [...chosen.values()].flatMap(({ allow, deny }) =>
        [allow, deny].filter((one) => one !== undefined),
      );
      const keys: string[] = [];
      const isReported = await reports();
      const results = await tryProbes(probes.map(orderOf), {
        timeoutMs: enforceLimits.probeTimeoutMs,
        onStarted: (index, sourcePort) => {
          const probe = probes[index];
          if (probe === undefined) return;
          const key = tupleOf({
            ...probe,
            source: probe.sourceAddress,
            destination: probe.address,
            sourcePort,
            destinationPort: probe.port,
          });
          keys[index] = key;
          flying.set(key, false);
        },
      });
      if (isReported) await waitForReports(keys.filter((_, index) => probes[index]?.expected === "deny"));
      const receipts = new Map<ChosenProbe, ProbeReceipt>();
      for (const [index, probe] of probes.entries()) {
        const wasReported = flying.get(keys[index] ?? "") === true;
        receipts.set(probe, receiptOf(probe, results[index]?.outcome ?? "failed", wasReported || !isReported));
      }
      // A packet that is sent again a second later is still ours.
      void pause(3000).then(() => keys.forEach((key) => flying.delete(key)));
      return new Map([...chosen].map(([policy, pair]) => [policy.id, proofOf(pair.allow, pair.deny, receipts)]));
    },
  };
}

/** Reports come in batches, a second late at most. */
const reportTriesMax = 12;

function tupleOf(
  packet: Pick<PolicyPacket, "protocol" | "source" | "sourcePort" | "destination" | "destinationPort">,
): string {
  const { protocol, source, sourcePort, destination, destinationPort } = packet;
  return `${protocol} ${source} ${sourcePort} ${destination} ${destinationPort}`;
}

function orderOf({ source, sourceAddress, address, protocol, port }: ChosenProbe) {
  return {
    netns: source.file,
    source: sourceAddress,
    address,
    protocol: protocol === 6 ? ("tcp" as const) : ("udp" as const),
    port,
  };
}

function receiptOf(probe: ChosenProbe, outcome: string, wasReported: boolean): ProbeReceipt {
  const isAnswered = outcome === "open" || outcome === "refused";
  const isSilent = outcome === "timeout" || outcome === "unreachable";
  const { expected, source, destination, address, protocol, port } = probe;
  return {
    source: source.endpoint,
    destination: destination.endpoint,
    address,
    protocol: protocol === 6 ? "tcp" : "udp",
    port,
    expected,
    outcome: expected === "deny" && isSilent && !wasReported ? "timeout, but no rule said that it dropped it" : outcome,
    isProved: expected === "allow" ? isAnswered : isSilent && wasReported,
  };
}

function proofOf(
  allow: ChosenProbe | undefined,
  deny: ChosenProbe | undefined,
  receipts: ReadonlyMap<ChosenProbe, ProbeReceipt>,
): Proof {
  const probes = [allow, deny].flatMap((probe) => (probe === undefined ? [] : (receipts.get(probe) ?? [])));
  if (probes.length === 0)
    return { probes, because: "no two ends of it are namespaces of this machine, so nothing could be tried" };
  const wrong = probes.find(({ isProved }) => !isProved);
  if (wrong === undefined) return { probes, because: "" };
  const { source, address, port, protocol, expected, outcome } = wrong;
  const wanted = expected === "allow" ? "is allowed" : "is denied";
  return {
    probes,
    because: `${source} to ${address}:${port}/${protocol} ${wanted}, and the attempt ended with: ${outcome}`,
  };
}
