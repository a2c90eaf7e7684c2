// Loads one object of kernel programs and attaches them: what this kernel refuses is found out by trying, left out, and named with the reason.
// Of any object of bpf/: the base family, the guard, learning. What is attached goes with `close` or with the process, unless its user pinned it (`links`, `letGo`).
import { closeSync, openSync } from "node:fs";
import { Fault } from "../../base/fault.ts";
import type { Capability } from "../../model/node.ts";
import { readFromIterator, runIterator } from "./bpf-iterator.ts";
import { errnoName, type Libbpf, type Pointer } from "./libbpf.ts";
import { openTracepoints, type Tracepoints } from "./tracepoints.ts";

/**
 * tracing: by the program's own section (tp_btf, raw_tp, fentry, lsm). tracepoint: to each of its `points`. on-demand: only loaded, attached by
 * `attachOne` later.
 */
export type ProgramKind = "tracing" | "tracepoint" | "cgroup" | "iterator" | "on-demand";

export interface TracepointUse {
  /** "syscalls/sys_exit_openat" */
  readonly point: string;
  /** What bpf_get_attach_cookie answers there: one program serves many points. */
  readonly cookie: bigint;
}

export interface KernelProgram {
  readonly name: string;
  readonly kind: ProgramKind;
  /** The ability that is missing when this one is refused. */
  readonly ability: string;
  /** Of the same object: tried in its place where the kernel refuses this one, whose point an older kernel calls otherwise. */
  readonly standIn?: string;
  /** Of kind "tracepoint". One that a kernel or architecture has not is left out; the program is refused when none is left. */
  readonly points?: readonly TracepointUse[];
}

export interface BpfObjectOptions {
  readonly objectPath: string;
  readonly programs: readonly KernelProgram[];
  /** Abilities without which the whole object is given up (Fault "sensor/load"). */
  readonly required: ReadonlySet<string>;
  /** Folder of the v2 cgroup that programs of kind "cgroup" are attached to; undefined leaves them out. */
  readonly cgroupPath: string | undefined;
  /** Sizes of maps that the loader decides, by name. */
  readonly mapEntries?: Readonly<Record<string, number>>;
  /** Fills the object's read-only settings before it is loaded; the view covers .rodata. */
  readonly fillSettings?: (view: DataView) => void;
  /** Maps shared with another loaded object, by name: descriptors of `BpfObject.descriptorOf`. */
  readonly sharedMaps?: Readonly<Record<string, number>>;
  /** Programs not wanted now, with the reason that is told in their ability. */
  readonly leftOut?: ReadonlyMap<string, string>;
}

export interface BpfObject {
  /** One per ability of the programs, in their order. */
  readonly capabilities: readonly Capability[];
  /** File descriptor of a map; throws for a name that the object has not. */
  descriptorOf(map: string): number;
  /** Attaches everything but "on-demand" programs. What is refused is named in `capabilities` from then on. */
  attach(): void;
  /** Attaches one "on-demand" program: to the cgroup's folder, or (without) by its section. Dispose the answer to detach. Fault "sensor/attach". */
  attachOne(program: string, cgroupPath?: string): Disposable;
  /** Runs an "on-demand" iterator once and returns what it wrote, at most `bytesMax`. Fault "sensor/attach" when the kernel refuses. */
  readIterator(program: string, bytesMax: number): Uint8Array;
  /** Runs that the kernel left out because the same program was interrupted in mid-run, by ability. */
  misses(): Readonly<Record<string, number>>;
  /** Descriptors of what is attached now, by a name that is one of its kind: the program's, with its point. */
  links(): readonly AttachedLink[];
  /** Frees everything without detaching: what is pinned stays attached. Instead of `close`; safe to call after it. */
  letGo(): void;
  /** Detaches and frees everything; safe to call twice. */
  close(): void;
}

export interface AttachedLink {
  readonly name: string;
  readonly descriptor: number;
}

interface Attached {
  readonly name: string;
  /** Of a tracepoint: the perf event that the link holds; -1: none. */
  readonly perfDescriptor: number;
}

interface Context {
  readonly libbpf: Libbpf;
  readonly options: BpfObjectOptions;
  readonly object: Pointer;
  readonly links: Map<Pointer, Attached>;
  readonly refusals: Map<string, string>;
  readonly standIns: ReadonlySet<string>;
}

/** Throws a Fault ("sensor/load") when a required program cannot run; nothing stays loaded then. */
export function loadBpfObject(libbpf: Libbpf, options: BpfObjectOptions): BpfObject {
  const refusals = refusalsOf(options);
  const standIns = new Set<string>();
  const steps = loading(libbpf, options, { refusals, standIns });
  let step = steps.next();
  while (step.done !== true) step = steps.next(libbpf.loadObject(step.value));
  return objectOf({ libbpf, options, object: step.value, links: new Map(), refusals, standIns });
}

/** The same without holding up this thread while the kernel looks at the programs. */
export async function loadBpfObjectAside(libbpf: Libbpf, options: BpfObjectOptions): Promise<BpfObject> {
  const refusals = refusalsOf(options);
  const standIns = new Set<string>();
  const steps = loading(libbpf, options, { refusals, standIns });
  let step = steps.next();
  while (step.done !== true) step = steps.next(await libbpf.loadObjectAside(step.value));
  return objectOf({ libbpf, options, object: step.value, links: new Map(), refusals, standIns });
}

function refusalsOf(options: BpfObjectOptions): Map<string, string> {
  const refusals = new Map<string, string>(options.leftOut);
  if (options.cgroupPath === undefined) leaveOutCgroupPrograms(options, refusals);
  return refusals;
}

function objectOf(context: Context): BpfObject {
  const { libbpf, options, object, refusals } = context;
  let isOpen = true;
  return {
    get capabilities() {
      return capabilitiesOf(options.programs, refusals);
    },
    descriptorOf: (map) => descriptorOf(context, map),
    attach: () => {
      attachAll(context);
      refuseIfUseless(options, refusals);
      libbpf.trimHeap();
    },
    attachOne: (program, cgroupPath) => attachOnDemand(context, program, cgroupPath),
    readIterator: (program, bytesMax) => readIterator(context, program, bytesMax),
    misses: () => (isOpen ? readMisses(context) : {}),
    links: () => [...context.links].map(([link, { name }]) => ({ name, descriptor: libbpf.linkDescriptor(link) })),
    letGo: () => {
      if (!isOpen) return;
      isOpen = false;
      for (const [link, { perfDescriptor }] of context.links) letLinkGo(libbpf, link, perfDescriptor);
      context.links.clear();
      libbpf.closeObject(object);
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      for (const link of [...context.links.keys()].reverse()) libbpf.destroyLink(link);
      context.links.clear();
      libbpf.closeObject(object);
    },
  };
}

/** Destroying a link of a tracepoint would switch its event off for everybody who holds it: it is taken apart by hand. */
function letLinkGo(libbpf: Libbpf, link: Pointer, perfDescriptor: number): void {
  const descriptor = libbpf.linkDescriptor(link);
  libbpf.disconnectLink(link);
  libbpf.destroyLink(link);
  libbpf.close(descriptor);
  if (perfDescriptor >= 0) libbpf.close(perfDescriptor);
}

const loadHint =
  "The sensor needs root (CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN), Linux 5.17 or newer and /sys/kernel/btf/vmlinux.";

function descriptorOf({ libbpf, object, options }: Context, map: string): number {
  const pointer = libbpf.findMap(object, map);
  if (pointer === null || pointer === 0n) {
    throw new Fault(`${options.objectPath} has no map ${map}`, { code: "sensor/load", kind: "unavailable" });
  }
  return libbpf.mapDescriptor(pointer);
}

function leaveOutCgroupPrograms({ programs }: BpfObjectOptions, refusals: Map<string, string>): void {
  for (const program of programs)
    if (program.kind === "cgroup") refusals.set(program.name, "no cgroup v2 hierarchy is mounted");
}

/**
 * Everything at once; only when that fails, each program by itself to learn which ones are refused. Yields each object that is to be loaded and is told what
 * the kernel said: 0, or a negative errno.
 */
function* loading(
  libbpf: Libbpf,
  options: BpfObjectOptions,
  { refusals, standIns }: { readonly refusals: Map<string, string>; readonly standIns: Set<string> },
): Generator<Pointer, Pointer, number> {
  const wanted = (): ReadonlySet<string> =>
    new Set(options.programs.filter(({ name }) => !refusals.has(name)).map((program) => nameIn({ standIns }, program)));
  const first = openObject(libbpf, options, wanted());
  const firstCode = yield first;
  if (firstCode === 0) return first;
  const wholeError = errnoName(-firstCode);
  libbpf.closeObject(first);
  for (const { name, standIn } of options.programs) {
    if (refusals.has(name)) continue;
    const code = yield* trying(libbpf, options, name);
    if (code === 0) continue;
    if (standIn !== undefined && (yield* trying(libbpf, options, standIn)) === 0) standIns.add(standIn);
    else refusals.set(name, `kernel refused program ${name}: ${errnoName(-code)}`);
  }
  refuseIfUseless(options, refusals);
  const object = openObject(libbpf, options, wanted());
  if ((yield object) === 0) return object;
  libbpf.closeObject(object);
  throw new Fault(`the kernel refused the programs of ${options.objectPath}: ${wholeError}`, {
    code: "sensor/load",
    kind: "unavailable",
    hint: loadHint,
  });
}

/** One program by itself. */
function* trying(libbpf: Libbpf, options: BpfObjectOptions, name: string): Generator<Pointer, number, number> {
  const trial = openObject(libbpf, options, new Set([name]));
  const code = yield trial;
  libbpf.closeObject(trial);
  return code;
}

/** What it is called in the object that is loaded. */
function nameIn({ standIns }: Pick<Context, "standIns">, { name, standIn }: KernelProgram): string {
  return standIn !== undefined && standIns.has(standIn) ? standIn : name;
}

function openObject(libbpf: Libbpf, options: BpfObjectOptions, wanted: ReadonlySet<string>): Pointer {
  const object = libbpf.openObject(options.objectPath);
  if (object === null || object === 0n) {
    throw new Fault(`cannot open ${options.objectPath}: ${libbpf.lastError()}`, {
      code: "sensor/load",
      kind: "unavailable",
      hint: "The compiled programs belong to the installation (bpf/objects); install again.",
    });
  }
  for (const { name, standIn = name } of options.programs)
    for (const each of new Set([name, standIn])) libbpf.setAutoload(libbpf.findProgram(object, each), wanted.has(each));
  for (const [map, entries] of Object.entries(options.mapEntries ?? {}))
    libbpf.setMapEntries(libbpf.findMap(object, map), entries);
  for (const [map, descriptor] of Object.entries(options.sharedMaps ?? {}))
    libbpf.reuseMap(libbpf.findMap(object, map), descriptor);
  if (options.fillSettings !== undefined) {
    const settings = libbpf.initialValue(libbpf.findMap(object, ".rodata"));
    options.fillSettings(new DataView(settings.buffer, settings.byteOffset, settings.byteLength));
  }
  return object;
}

function attachAll(context: Context): void {
  const { libbpf, options, object, links, refusals } = context;
  const cgroup = options.cgroupPath === undefined ? -1 : openCgroup(options.cgroupPath);
  try {
    using tracepoints = openTracepoints();
    for (const program of options.programs) {
      if (refusals.has(program.name) || program.kind === "on-demand") continue;
      const pointer = libbpf.findProgram(object, nameIn(context, program));
      if (program.kind === "tracepoint") {
        const because = attachPoints(context, { pointer, program, tracepoints });
        if (because !== "") refusals.set(program.name, because);
        continue;
      }
      const link = attachProgram(libbpf, program.kind, { pointer, cgroup });
      if (link === null || link === 0n)
        refusals.set(program.name, `kernel refused to attach ${program.name}: ${libbpf.lastError()}`);
      else if (program.kind === "iterator") runIterator(libbpf, link);
      else links.set(link, { name: program.name, perfDescriptor: -1 });
    }
  } finally {
    if (cgroup >= 0) closeSync(cgroup);
  }
}

/** Returns "" when at least one point is attached. */
function attachPoints(
  { libbpf, links }: Context,
  what: { readonly pointer: Pointer; readonly program: KernelProgram; readonly tracepoints: Tracepoints },
): string {
  let attached = 0;
  let because = `${what.program.name} has no tracepoint`;
  for (const { point, cookie } of what.program.points ?? []) {
    const descriptor = what.tracepoints.open(point);
    if (typeof descriptor === "string") {
      because = descriptor;
      continue;
    }
    const link = libbpf.attachPerf(what.pointer, descriptor, cookie);
    if (link === null || link === 0n) {
      because = `kernel refused to attach ${what.program.name} to ${point}: ${libbpf.lastError()}`;
      libbpf.close(descriptor);
      continue;
    }
    links.set(link, { name: `${what.program.name}-${point.replaceAll("/", "-")}`, perfDescriptor: descriptor });
    attached += 1;
  }
  return attached > 0 ? "" : because;
}

function attachProgram(
  libbpf: Libbpf,
  kind: Exclude<ProgramKind, "on-demand" | "tracepoint">,
  target: { readonly pointer: Pointer; readonly cgroup: number },
): Pointer | null {
  switch (kind) {
    case "tracing":
      return libbpf.attach(target.pointer);
    case "cgroup":
      return libbpf.attachCgroup(target.pointer, target.cgroup);
    case "iterator":
      return libbpf.attachIterator(target.pointer);
  }
}

function attachOnDemand(context: Context, name: string, cgroupPath: string | undefined): Disposable {
  const { libbpf, object, links, refusals } = context;
  const because = refusals.get(name);
  if (because !== undefined) throw new Fault(because, { code: "sensor/attach", kind: "unavailable" });
  const pointer = libbpf.findProgram(object, name);
  const cgroup = cgroupPath === undefined ? -1 : openCgroup(cgroupPath);
  try {
    const link = attachProgram(libbpf, cgroup === -1 ? "tracing" : "cgroup", { pointer, cgroup });
    if (link === null || link === 0n) {
      throw new Fault(`kernel refused to attach ${name}: ${libbpf.lastError()}`, {
        code: "sensor/attach",
        kind: "unavailable",
      });
    }
    links.set(link, { name, perfDescriptor: -1 });
    return {
      [Symbol.dispose]: () => {
        if (links.delete(link)) libbpf.destroyLink(link);
      },
    };
  } finally {
    if (cgroup >= 0) closeSync(cgroup);
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

function readIterator({ libbpf, object, refusals }: Context, name: string, bytesMax: number): Uint8Array {
  const because = refusals.get(name);
  const link = because === undefined ? libbpf.attachIterator(libbpf.findProgram(object, name)) : null;
  if (link !== null && link !== 0n) return readFromIterator(libbpf, link, bytesMax);
  const message = because ?? `kernel refused to attach ${name}: ${libbpf.lastError()}`;
  throw new Fault(message, { code: "sensor/attach", kind: "unavailable" });
}

function refuseIfUseless({ programs, required }: BpfObjectOptions, refusals: ReadonlyMap<string, string>): void {
  for (const program of programs) {
    const because = refusals.get(program.name);
    if (because === undefined || !required.has(program.ability)) continue;
    throw new Fault(because, { code: "sensor/load", kind: "unavailable", hint: loadHint });
  }
}

function capabilitiesOf(
  programs: readonly KernelProgram[],
  refusals: ReadonlyMap<string, string>,
): readonly Capability[] {
  const becauseByAbility = new Map<string, string>();
  for (const program of programs) {
    const because = refusals.get(program.name) ?? "";
    if (because !== "" || !becauseByAbility.has(program.ability)) becauseByAbility.set(program.ability, because);
  }
  return [...becauseByAbility].map(([name, because]) => ({ name, available: because === "", because }));
}

function readMisses(context: Context): Readonly<Record<string, number>> {
  const { libbpf, object, options, refusals } = context;
  const missesByAbility: Record<string, number> = {};
  for (const program of options.programs) {
    if (refusals.has(program.name)) continue;
    const misses = libbpf.programMisses(libbpf.findProgram(object, nameIn(context, program)));
    if (misses > 0) missesByAbility[program.ability] = (missesByAbility[program.ability] ?? 0) + misses;
  }
  return missesByAbility;
}
