// For scenarios of policies in a real kernel: a star of namespaces whose router holds the compiled rules, and probes through it.
import assert from "node:assert/strict";
import { silentLogger } from "../../../src/base/logger.ts";
import type { Dataplane } from "../../../src/core/policy/compile/dataplane.ts";
import type { NftRuleset } from "../../../src/core/policy/compile/nft/ruleset.ts";
import { tableName } from "../../../src/core/policy/compile/settings.ts";
import { openNftables } from "../../../src/edge/dataplane/nftables/open-nftables.ts";
import { openListeners, type Listener, type Listeners } from "../../support/netns/listeners.ts";
import { probeAll, type Outcome, type Probe } from "../../support/netns/probes.ts";
import { openStar, type Star, type StarPod } from "../../support/netns/star.ts";

export interface Kernel {
  readonly star: Star;
  readonly plane: Dataplane;
  /** Writes the rules, checks that the kernel has exactly them, and forgets all connections. */
  enforce(ruleset: NftRuleset): void;
  /**
   * What came of each probe. A busy machine may be late: what was silent though it should be open is asked once more, with patience.
   * What is open is open.
   */
  outcomes(probes: readonly Probe[], shouldOpen: (index: number) => boolean): Promise<readonly Outcome[]>;
  close(): Promise<void>;
}

export interface KernelOptions {
  readonly pods: readonly StarPod[];
  readonly routerAddresses?: readonly string[];
  readonly listeners: (star: Star) => readonly Listener[];
}

const silentMs = 150;
const patientMs = 30_000;

export async function openKernel(options: KernelOptions): Promise<Kernel> {
  const { pods, routerAddresses } = options;
  const star = openStar({ pods, ...(routerAddresses === undefined ? {} : { routerAddresses }) });
  let listeners: Listeners | undefined;
  let plane: Dataplane | undefined;
  const close = async () => {
    await listeners?.close();
    plane?.close();
    star.close();
  };
  try {
    listeners = await openListeners(options.listeners(star));
    const clock = { nowMs: () => Date.now() };
    plane = openNftables({ netns: star.router.path, table: tableName, clock, logger: silentLogger });
    return { ...kernelOf(star, plane), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function kernelOf(star: Star, plane: Dataplane): Omit<Kernel, "close"> {
  return {
    star,
    plane,
    enforce(ruleset) {
      plane.apply(ruleset);
      assert.deepEqual(plane.readBack(ruleset, { elements: true }).differences, []);
      plane.cut(plane.connections(1_000_000).connections);
    },
    async outcomes(probes, shouldOpen) {
      const outcomes = [...(await probeAll(probes, { timeoutMs: silentMs }))];
      const late = probes.flatMap((_, index) => (shouldOpen(index) && outcomes[index] !== "open" ? [index] : []));
      const again = await probeAll(
        late.flatMap((index) => probes[index] ?? []),
        { timeoutMs: patientMs },
      );
      for (const [at, index] of late.entries()) outcomes[index] = again[at] ?? "timeout";
      return outcomes;
    },
  };
}
