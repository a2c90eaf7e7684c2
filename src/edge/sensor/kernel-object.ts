// Loads and attaches the kernel programs. What this kernel refuses is found out by trying, left out, and named with the reason.
import { closeSync, openSync } from "node:fs";
import { Fault } from "../../base/fault.ts";
import type { Capability } from "../../model/node.ts";
import { eventType, layout } from "./layout.gen.ts";
import type { Libbpf, Pointer } from "./libbpf.ts";
import { openRing, type Ring } from "./ring.ts";
import { abilitiesRequired, kernelPrograms, type KernelProgram } from "./programs.ts";

export interface KernelObjectOptions {
  readonly objectPath: string;
  /** Folder of the v2 cgroup whose packets and sockets are seen; undefined leaves the cgroup programs out. */
  readonly cgroupPath: string | undefined;
  /** Powers of two, at least a page. */
  readonly ringHighBytes: number;
  readonly ringLowBytes: number;
  readonly sampleIntervalMs: number;
  readonly excludedPid: number;
}

export interface KernelObject {
  readonly ringHigh: Ring;
  readonly ringLow: Ring;
  readonly capabilities: readonly Capability[];
  /** Events that found no room, by event type number. */
  drops(): readonly number[];
  /** Runs that the kernel left out because the same program was interrupted in mid-run, by ability. */
  misses(): Readonly<Record<string, number>>;
  watch(cgroupIds: ReadonlySet<number>): void;
  close(): void;
}

/** Throws a Fault ("sensor/load", "sensor/attach") when a required program cannot run; nothing stays loaded then. */
export function loadKernelObject(libbpf: Libbpf, options: KernelObjectOptions): KernelObject {
  const refusals = new Map<string, string>();
  if (options.cgroupPath === undefined) leaveOutCgroupPrograms(refusals);
  const object = openAndLoad(libbpf, options, refusals);
  const links: Pointer[] = [];
  const rings: Ring[] = [];
  const release = (): void => {
    for (const link of links.splice(0).reverse()) libbpf.destroyLink(link);
    for (const ring of rings.splice(0)) ring.close();
    libbpf.closeObject(object);
  };
  try {
    const descriptorOf = (name: string): number => libbpf.mapDescriptor(libbpf.findMap(object, name));
    const ringHigh = openRing(libbpf, descriptorOf("ring_high"), options.ringHighBytes);
    rings.push(ringHigh);
    const ringLow = openRing(libbpf, descriptorOf("ring_low"), options.ringLowBytes);
    rings.push(ringLow);
    attachAll({ libbpf, object, links, refusals, cgroupPath: options.cgroupPath });
    refuseIfUseless(refusals);
    libbpf.trimHeap();
    const dropsDescriptor = descriptorOf("drops");
    const watchedDescriptor = descriptorOf("watched");
    let isOpen = true;
    return {
      ringHigh,
      ringLow,
      capabilities: capabilitiesOf(refusals),
      drops: () => (isOpen ? readDrops(libbpf, dropsDescriptor) : []),
      misses: () => (isOpen ? readMisses(libbpf, object, refusals) : {}),
      watch: (cgroupIds) => {
        if (isOpen) replaceWatched(libbpf, watchedDescriptor, cgroupIds);
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

function leaveOutCgroupPrograms(refusals: Map<string, string>): void {
  for (const program of kernelPrograms)
    if (program.kind === "cgroup") refusals.set(program.name, "no cgroup v2 hierarchy is mounted");
}

/** Loads everything at once; only when that fails, each program by itself to learn which ones are refused. */
function openAndLoad(libbpf: Libbpf, options: KernelObjectOptions, refusals: Map<string, string>): Pointer {
  const first = openObject(libbpf, options, (program) => !refusals.has(program.name));
  if (libbpf.loadObject(first) === 0) return first;
  const wholeError = libbpf.lastError();
  libbpf.closeObject(first);
  for (const candidate of kernelPrograms) {
    if (refusals.has(candidate.name)) continue;
    const trial = openObject(libbpf, options, (program) => program.name === candidate.name);
    if (libbpf.loadObject(trial) !== 0)
      refusals.set(candidate.name, `kernel refused program ${candidate.name}: ${libbpf.lastError()}`);
    libbpf.closeObject(trial);
  }
  refuseIfUseless(refusals);
  const object = openObject(libbpf, options, (program) => !refusals.has(program.name));
  if (libbpf.loadObject(object) === 0) return object;
  libbpf.closeObject(object);
  throw new Fault(`the kernel refused the sensor's programs: ${wholeError}`, {
    code: "sensor/load",
    kind: "unavailable",
    hint: "The sensor needs root (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN), Linux 5.17 or newer and /sys/kernel/btf/vmlinux.",
  });
}

function openObject(
  libbpf: Libbpf,
  options: KernelObjectOptions,
  isWanted: (program: KernelProgram) => boolean,
): Pointer {
  const object = libbpf.openObject(options.objectPath);
  if (object === null || object === 0n) {
    throw new Fault(`cannot open ${options.objectPath}: ${libbpf.lastError()}`, {
      code: "sensor/load",
      kind: "unavailable",
      hint: "The compiled programs belong to the installation (bpf/objects); install again.",
    });
  }
  for (const program of kernelPrograms) libbpf.setAutoload(libbpf.findProgram(object, program.name), isWanted(program));
  libbpf.setMapEntries(libbpf.findMap(object, "ring_high"), options.ringHighBytes);
  libbpf.setMapEntries(libbpf.findMap(object, "ring_low"), options.ringLowBytes);
  const settings = libbpf.initialValue(libbpf.findMap(object, ".rodata"));
  const view = new DataView(settings.buffer, settings.byteOffset, settings.byteLength);
  view.setBigUint64(layout.settings.sampleIntervalNs, BigInt(options.sampleIntervalMs) * 1_000_000n, true);
  view.setUint32(layout.settings.excludedTgid, options.excludedPid, true);
  return object;
}

interface AttachContext {
  readonly libbpf: Libbpf;
  readonly object: Pointer;
  readonly links: Pointer[];
  readonly refusals: Map<string, string>;
  readonly cgroupPath: string | undefined;
}

function attachAll(context: AttachContext): void {
  const { libbpf, object, links, refusals, cgroupPath } = context;
  const cgroup = cgroupPath === undefined ? -1 : openCgroup(cgroupPath);
  try {
    for (const program of kernelPrograms) {
      if (refusals.has(program.name)) continue;
      const pointer = libbpf.findProgram(object, program.name);
      const link = attachOne(libbpf, program, { pointer, cgroup });
      if (link === null || link === 0n)
        refusals.set(program.name, `kernel refused to attach ${program.name}: ${libbpf.lastError()}`);
      else if (program.kind === "iterator") runIterator(libbpf, link);
      else links.push(link);
    }
  } finally {
    if (cgroup >= 0) closeSync(cgroup);
  }
}

function attachOne(
  libbpf: Libbpf,
  program: KernelProgram,
  target: { readonly pointer: Pointer; readonly cgroup: number },
): Pointer | null {
  switch (program.kind) {
    case "tracing":
      return libbpf.attach(target.pointer);
    case "cgroup":
      return libbpf.attachCgroup(target.pointer, target.cgroup);
    case "iterator":
      return libbpf.attachIterator(target.pointer);
  }
}

function openCgroup(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw new Fault(`cannot open the cgroup ${path}`, {
      code: "sensor/attach",
      kind: "unavailable",
      hint: "Give the folder of a cgroup v2 hierarchy, or none to go without packets.",
      cause: error,
    });
  }
}

/** Reading an iterator runs its program once per object; it prints nothing, so the first read without a pause ends it. */
function runIterator(libbpf: Libbpf, link: Pointer): void {
  const descriptor = libbpf.createIterator(libbpf.linkDescriptor(link));
  if (descriptor >= 0) {
    const buffer = new Uint8Array(64);
    for (let round = 0; round < iteratorRoundsMax; round += 1) {
      // The kernel pauses after a million objects without output, and asks to be called again.
      if (libbpf.read(descriptor, buffer) >= 0 || libbpf.lastError() !== "EAGAIN") break;
    }
    libbpf.close(descriptor);
  }
  libbpf.destroyLink(link);
}

/** A million descriptors each. */
const iteratorRoundsMax = 64;

function refuseIfUseless(refusals: ReadonlyMap<string, string>): void {
  for (const program of kernelPrograms) {
    const because = refusals.get(program.name);
    if (because === undefined || !abilitiesRequired.has(program.ability)) continue;
    throw new Fault(because, {
      code: "sensor/load",
      kind: "unavailable",
      hint: "The sensor needs root (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN), Linux 5.17 or newer and /sys/kernel/btf/vmlinux.",
    });
  }
}

function capabilitiesOf(refusals: ReadonlyMap<string, string>): readonly Capability[] {
  const becauseByAbility = new Map<string, string>();
  for (const program of kernelPrograms) {
    const because = refusals.get(program.name) ?? "";
    if (because !== "" || !becauseByAbility.has(program.ability)) becauseByAbility.set(program.ability, because);
  }
  return [...becauseByAbility].map(([name, because]) => ({ name, available: because === "", because }));
}

function readDrops(libbpf: Libbpf, descriptor: number): readonly number[] {
  const processors = libbpf.possibleProcessors();
  const key = new Uint8Array(4);
  const values = new BigUint64Array(processors);
  const totals: number[] = [];
  for (let type = 0; type < eventType.types; type += 1) {
    new DataView(key.buffer).setUint32(0, type, true);
    const isRead = libbpf.readElement(descriptor, key, new Uint8Array(values.buffer)) === 0;
    totals.push(isRead ? Number(values.reduce((sum, value) => sum + value, 0n)) : 0);
  }
  return totals;
}

function readMisses(
  libbpf: Libbpf,
  object: Pointer,
  refusals: ReadonlyMap<string, string>,
): Readonly<Record<string, number>> {
  const missesByAbility: Record<string, number> = {};
  for (const program of kernelPrograms) {
    if (refusals.has(program.name)) continue;
    const misses = libbpf.programMisses(libbpf.findProgram(object, program.name));
    if (misses > 0) missesByAbility[program.ability] = (missesByAbility[program.ability] ?? 0) + misses;
  }
  return missesByAbility;
}

function replaceWatched(libbpf: Libbpf, descriptor: number, cgroupIds: ReadonlySet<number>): void {
  const wanted = new Set([...cgroupIds].map(BigInt));
  const one = new Uint8Array([1, 0, 0, 0]);
  for (const key of watchedKeys(libbpf, descriptor)) {
    if (!wanted.has(key)) libbpf.deleteElement(descriptor, keyBytes(key));
  }
  for (const key of wanted) {
    if (libbpf.writeElement(descriptor, keyBytes(key), one) === 0) continue;
    throw new Fault(`cannot read first bytes of ${wanted.size} cgroups: ${libbpf.lastError()}`, {
      code: "sensor/watch",
      kind: "limited",
      hint: "Opt fewer workloads in, or all of them at once.",
    });
  }
}

function watchedKeys(libbpf: Libbpf, descriptor: number): readonly bigint[] {
  const keys: bigint[] = [];
  const next = new BigUint64Array(1);
  let previous: Uint8Array | null = null;
  while (libbpf.nextKey(descriptor, previous, new Uint8Array(next.buffer)) === 0) {
    const key = next[0] ?? 0n;
    keys.push(key);
    previous = keyBytes(key);
  }
  return keys;
}

function keyBytes(key: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(key).buffer);
}
