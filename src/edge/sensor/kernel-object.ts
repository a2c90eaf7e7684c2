// The base family of kernel programs, loaded: its two rings, its counters and its switches.
import { randomBytes } from "node:crypto";
import type { Capability } from "../../model/node.ts";
import { readCounters, replaceNumbers, writeSwitch } from "./bpf-maps.ts";
import { loadBpfObject } from "./bpf-object.ts";
import { eventType, layout } from "./layout.gen.ts";
import type { Libbpf } from "./libbpf.ts";
import { checkOverlay } from "./overlay-check.ts";
import { openRing, type Ring } from "./ring.ts";
import { abilitiesRequired, kernelPrograms } from "./programs.ts";
import { createSeenSweep, type SeenSweep } from "./seen-sweep.ts";

export interface KernelObjectOptions {
  readonly objectPath: string;
  /** Folder of the v2 cgroup whose packets and sockets are seen; undefined leaves the cgroup programs out. */
  readonly cgroupPath: string | undefined;
  /** Powers of two, at least a page. */
  readonly ringHighBytes: number;
  readonly ringLowBytes: number;
  readonly sampleIntervalMs: number;
  readonly excludedPid: number;
  /** Every file deed and call is told, however often: for measuring. */
  readonly tellsRepeats: boolean;
}

export interface KernelObject {
  readonly ringHigh: Ring;
  readonly ringLow: Ring;
  readonly capabilities: readonly Capability[];
  /** False when the mark of an overlay's writable layer must not be believed. */
  readonly knowsUpper: boolean;
  /** Events that found no room, by event type number. */
  drops(): readonly number[];
  /** Runs that the kernel left out because the same program was interrupted in mid-run, by ability. */
  misses(): Readonly<Record<string, number>>;
  watch(cgroupIds: ReadonlySet<number>): void;
  /** Whether execs carry their environment. */
  copyEnvironments(isWanted: boolean): void;
  /** Counts of what was told and repeated since; undefined when everything is told. */
  readonly seen: SeenSweep | undefined;
  close(): void;
}

/** Throws a Fault ("sensor/load", "sensor/attach") when a required program cannot run; nothing stays loaded then. */
export function loadKernelObject(libbpf: Libbpf, options: KernelObjectOptions): KernelObject {
  const object = loadBpfObject(libbpf, {
    objectPath: options.objectPath,
    programs: kernelPrograms,
    required: abilitiesRequired,
    cgroupPath: options.cgroupPath,
    mapEntries: { ring_high: options.ringHighBytes, ring_low: options.ringLowBytes },
    fillSettings: (view) => {
      view.setBigUint64(layout.settings.sampleIntervalNs, BigInt(options.sampleIntervalMs) * 1_000_000n, true);
      view.setBigUint64(layout.settings.secret, randomBytes(8).readBigUInt64LE(), true);
      view.setUint32(layout.settings.excludedTgid, options.excludedPid, true);
      view.setUint32(layout.settings.tellsRepeats, options.tellsRepeats ? 1 : 0, true);
      view.setUint32(layout.settings.ownTgid, process.pid, true);
    },
  });
  const rings: Ring[] = [];
  const release = (): void => {
    for (const ring of rings.splice(0)) ring.close();
    object.close();
  };
  try {
    const ringHigh = openRing(libbpf, object.descriptorOf("ring_high"), options.ringHighBytes);
    rings.push(ringHigh);
    const ringLow = openRing(libbpf, object.descriptorOf("ring_low"), options.ringLowBytes);
    rings.push(ringLow);
    object.attach();
    const overlay = checkOverlay(object);
    const dropsDescriptor = object.descriptorOf("drops");
    const watchedDescriptor = object.descriptorOf("watched");
    const environmentsDescriptor = object.descriptorOf("asks_environments");
    const seen = options.tellsRepeats ? undefined : createSeenSweep(libbpf, object.descriptorOf("seen_deeds"));
    let isOpen = true;
    return {
      ringHigh,
      ringLow,
      capabilities: object.capabilities.map((ability) =>
        ability.name === "overlay-drift" && ability.available && overlay.state === "wrong"
          ? { name: ability.name, available: false, because: overlay.because }
          : ability,
      ),
      knowsUpper: overlay.state !== "wrong",
      drops: () => (isOpen ? readCounters(libbpf, dropsDescriptor, eventType.types) : []),
      misses: () => object.misses(),
      seen,
      watch: (cgroupIds) => {
        if (isOpen) replaceNumbers(libbpf, watchedDescriptor, cgroupIds, tooMany(cgroupIds.size));
      },
      copyEnvironments: (isWanted) => {
        if (isOpen) writeSwitch(libbpf, environmentsDescriptor, isWanted);
      },
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

function tooMany(cgroups: number): { readonly message: string; readonly hint: string } {
  return {
    message: `cannot read first bytes of ${cgroups} cgroups`,
    hint: "Opt fewer workloads in, or all of them at once.",
  };
}
