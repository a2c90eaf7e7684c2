// The kernel's guard: loads what this kernel allows (LSM where it does, else kill and cgroup hooks), keeps rules and scopes in the maps true, and hands
// out what happened. Nothing is pinned: when the process ends, however it ends, nothing is stopped any more.
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Fault, toFault } from "../../../base/fault.ts";
import type { GuardedEvent } from "../../../core/sense/deed-events.ts";
import type { CompiledPolicy, Guard, GuardPlanes, GuardScope } from "../../../core/runtime-policy/guard-port.ts";
import { keysOf, readCounters } from "../bpf-maps.ts";
import { loadBpfObject, loadBpfObjectAside, type BpfObject, type BpfObjectOptions } from "../bpf-object.ts";
import { openLibbpf, type Libbpf } from "../libbpf.ts";
import { cgroupMount } from "../proc.ts";
import { openRing, type Ring } from "../ring.ts";
import { openTracepoints } from "../tracepoints.ts";
import { decodeGuarded } from "./decode-guarded.ts";
import {
  entriesOf,
  flagsOf,
  isContainerFlag,
  isInheritedFlag,
  readScopeValue,
  scopeKey,
  scopeValue,
  type MapEntry,
} from "./encode-rules.ts";
import { entriesAbility, guardPrograms, lsmPrograms } from "./guard-programs.ts";
import { layout as guardLayout, limit as guardConstant } from "./guard-layout.gen.ts";

export interface GuardOptions {
  /** The v2 cgroup below which cgroup hooks are attached: the hierarchy's root on a node, a private child in tests. Undefined: none of them. */
  readonly cgroupPath: string | undefined;
  /** Never stopped, whatever a scope says: the agent. */
  readonly agentPid: number;
  /** "never": LSM is not tried. */
  readonly lsm?: "try" | "never";
  readonly objectsFolder?: string;
  readonly procPath?: string;
}

export const guardLimits = { ringBytes: 1024 * 1024, eventsPerDrainMax: 4096 } as const;

const objectsDefault = fileURLToPath(new URL("../../../../bpf/objects/", import.meta.url));
const sharedMaps = [
  "scopes",
  "kinds",
  "files",
  "paths",
  "addresses",
  "points",
  "guarded",
  "counters",
  "scratches",
  "spared",
] as const;
const lossNames = ["dropped", "no-memory", "path-unknown", "no-signal"] as const;

interface Loaded {
  readonly libbpf: Libbpf;
  readonly base: BpfObject;
  readonly lsm: BpfObject | undefined;
  readonly ring: Ring;
  readonly planes: GuardPlanes;
}

/**
 * Rejects with a Fault ("sensor/no-library", "sensor/load") when not even the base object can run. The kernel looks at the programs on another thread: whoever
 * asks is not held up.
 */
export async function openGuard(options: GuardOptions): Promise<Guard> {
  return new KernelGuard(await load(options));
}

async function load(options: GuardOptions): Promise<Loaded> {
  const libbpf = openLibbpf();
  const folder = options.objectsFolder ?? objectsDefault;
  const fillSettings = (view: DataView): void => {
    view.setUint32(guardLayout.guardSettings.agentTgid, options.agentPid, true);
    view.setUint32(guardLayout.guardSettings.hostMountNamespace, hostMountNamespace(options.procPath ?? "/proc"), true);
  };
  const lsmWorks = options.lsm === "never" ? "not wanted" : await tryProgramAside(libbpf, folder, "lsm_bpf");
  const hasLsm = lsmWorks === "";
  const hasEntries = hasLsm && (await tryProgramAside(libbpf, folder, "lsm_unshared")) === "";
  const base = await loadBpfObjectAside(libbpf, {
    objectPath: `${folder}guard.bpf.o`,
    programs: guardPrograms({ hasLsm, hasEntries }),
    required: new Set(["scopes"]),
    cgroupPath: options.cgroupPath,
    mapEntries: { guarded: guardLimits.ringBytes },
    fillSettings,
  });
  let lsm: BpfObject | undefined;
  try {
    if (hasLsm) {
      lsm = await loadBpfObjectAside(libbpf, {
        objectPath: `${folder}lsm.bpf.o`,
        programs: lsmPrograms,
        required: new Set(["exec"]),
        cgroupPath: undefined,
        sharedMaps: Object.fromEntries(sharedMaps.map((name) => [name, base.descriptorOf(name)])),
        fillSettings,
        leftOut: hasEntries ? new Map() : entriesLeftOut,
      });
      lsm.attach();
    }
    base.attach();
    const ring = openRing(libbpf, base.descriptorOf("guarded"), guardLimits.ringBytes);
    return { libbpf, base, lsm, ring, planes: planesOf(base, lsm, lsmWorks) };
  } catch (error) {
    lsm?.close();
    base.close();
    throw error;
  }
}

/** What this kernel would let the guard do, found by loading and attaching nothing. Never throws: what cannot be has its reason. */
export function probeGuard(folder = objectsDefault): GuardPlanes {
  const failed = (because: string): GuardPlanes => ({
    kill: because,
    killAtCall: because,
    killAtOpen: because,
    cgroup: because,
    lsm: because,
    lsmMissing: {},
  });
  try {
    const libbpf = openLibbpf();
    const programs = guardPrograms({ hasLsm: false, hasEntries: false }).map((program) => ({
      ...program,
      kind: "on-demand" as const,
    }));
    const base = loadBpfObject(libbpf, {
      objectPath: `${folder}guard.bpf.o`,
      programs,
      required: new Set(["scopes"]),
      cgroupPath: undefined,
    });
    const planes = planesOf(base, undefined, tryProgram(libbpf, folder, "lsm_bpf"));
    base.close();
    using tracepoints = openTracepoints();
    const cgroup = cgroupMount("/proc") === undefined ? "no cgroup v2 hierarchy is mounted" : planes.cgroup;
    const [killAtCall, killAtOpen] = [
      planes.killAtCall || tracepoints.because,
      planes.killAtOpen || tracepoints.because,
    ];
    return { ...planes, cgroup, killAtCall, killAtOpen };
  } catch (error) {
    const because = toFault(error).message;
    return failed(process.geteuid?.() === 0 ? because : `not root: ${because}`);
  }
}

/** "" when this program of lsm.bpf.o can be loaded: only trying tells (a list of active modules does not). One is enough to know, and quick to refuse. */
function tryProgram(libbpf: Libbpf, folder: string, tried: LsmProgram): string {
  try {
    loadBpfObject(libbpf, trial(folder, tried)).close();
    return "";
  } catch (error) {
    return toFault(error).message;
  }
}

async function tryProgramAside(libbpf: Libbpf, folder: string, tried: LsmProgram): Promise<string> {
  try {
    (await loadBpfObjectAside(libbpf, trial(folder, tried))).close();
    return "";
  } catch (error) {
    return toFault(error).message;
  }
}

type LsmProgram = (typeof lsmPrograms)[number]["name"];

function trial(folder: string, tried: LsmProgram): BpfObjectOptions {
  const others = lsmPrograms.filter(({ name }) => name !== tried).map(({ name }) => [name, "not tried"] as const);
  return {
    objectPath: `${folder}lsm.bpf.o`,
    programs: lsmPrograms.map((program) => ({ ...program, kind: "on-demand" as const })),
    required: new Set(lsmPrograms.filter(({ name }) => name === tried).map(({ ability }) => ability)),
    cgroupPath: undefined,
    leftOut: new Map(others),
  };
}

const doneByTracepoints = "tracepoints of the calls do it here";
const entriesLeftOut: ReadonlyMap<string, string> = new Map(
  lsmPrograms.filter(({ ability }) => ability === entriesAbility).map(({ name }) => [name, doneByTracepoints]),
);

/** Why the calls are not seen where their entries were to do it. */
function entries(lsm: BpfObject | undefined): string {
  const found = lsm?.capabilities.find(({ name }) => name === entriesAbility);
  return found === undefined || found.because === doneByTracepoints ? "" : found.because;
}

function planesOf(base: BpfObject, lsm: BpfObject | undefined, lsmBecause: string): GuardPlanes {
  const because = (name: string): string => base.capabilities.find((each) => each.name === name)?.because ?? "";
  const missing = (lsm?.capabilities ?? []).filter(({ available, name }) => !available && name !== entriesAbility);
  return {
    kill: because("kill"),
    killAtCall: because("kill-at-call") || entries(lsm),
    killAtOpen: because("kill-at-open"),
    cgroup: because("cgroup"),
    lsm: lsmBecause,
    lsmMissing: Object.fromEntries(missing.map(({ name, because: why }) => [name, why])),
  };
}

/** Where the first process may not be looked at, our own is the best guess: then nobody is taken for the runtime's who is not beside us. */
function hostMountNamespace(procPath: string): number {
  for (const path of [`${procPath}/1/ns/mnt`, "/proc/self/ns/mnt"]) {
    try {
      return statSync(path).ino;
    } catch {
      // Not to be looked at: the next one.
    }
  }
  return 0;
}

class KernelGuard implements Guard {
  readonly planes: GuardPlanes;
  readonly #loaded: Loaded;
  readonly #policies = new Map<number, { readonly entries: readonly MapEntry[]; readonly flags: number }>();
  #scopes: ReadonlyMap<string, GuardScope> = new Map();
  #next = 1;
  #undecoded = 0;
  #isOpen = true;

  constructor(loaded: Loaded) {
    this.#loaded = loaded;
    this.planes = loaded.planes;
  }

  addPolicy(compiled: CompiledPolicy): number {
    const policy = this.#next;
    const entries = entriesOf(policy, compiled);
    const written: MapEntry[] = [];
    for (const entry of entries) {
      if (this.#write(entry)) {
        written.push(entry);
        continue;
      }
      const because = this.#loaded.libbpf.lastError();
      for (const each of written) this.#delete(each);
      throw new Fault(`the kernel's table "${entry.map}" takes no more rules: ${because}`, {
        code: "guard/full",
        kind: "limited",
        hint: "Use folders instead of single files, or fewer policies for this node.",
      });
    }
    this.#next += 1;
    this.#policies.set(policy, { entries, flags: flagsOf(compiled) });
    return policy;
  }

  removePolicy(policy: number): void {
    const known = this.#policies.get(policy);
    this.#policies.delete(policy);
    for (const entry of known?.entries ?? []) this.#delete(entry);
  }

  setScopes(scopes: readonly GuardScope[]): void {
    if (!this.#isOpen) return;
    const wanted = new Map(scopes.map((scope) => [keyText(scopeKey(scope)), scope]));
    this.#followScopes(wanted);
    const { libbpf, base } = this.#loaded;
    for (const scope of scopes) {
      const value = this.#valueOf(scope, scope.isContainer ? isContainerFlag : 0);
      if (libbpf.writeElement(base.descriptorOf("scopes"), scopeKey(scope), value) === 0) continue;
      throw new Fault(`the kernel's table of scopes is full (${guardConstant.scopesMax}): ${libbpf.lastError()}`, {
        code: "guard/full",
        kind: "limited",
        hint: "Select fewer workloads.",
      });
    }
    this.#scopes = wanted;
    this.#writeKinds(scopes);
  }

  spare(pids: readonly number[]): void {
    if (!this.#isOpen) return;
    const { libbpf, base } = this.#loaded;
    const descriptor = base.descriptorOf("spared");
    const wanted = new Set(pids.slice(0, guardConstant.sparedMax));
    for (const key of keysOf(libbpf, descriptor, 4)) {
      if (!wanted.has(new DataView(key.buffer, key.byteOffset).getUint32(0, true)))
        libbpf.deleteElement(descriptor, key);
    }
    for (const pid of wanted)
      libbpf.writeElement(descriptor, new Uint8Array(Uint32Array.of(pid).buffer), new Uint8Array(4));
  }

  /** Scopes that are not wanted any more go; inherited ones get what their origin has now, and live as long as a scope that has it. */
  #followScopes(wanted: ReadonlyMap<string, GuardScope>): void {
    const { libbpf, base } = this.#loaded;
    const descriptor = base.descriptorOf("scopes");
    const heirs = new Map<string, GuardScope>();
    for (const scope of wanted.values()) heirs.set(pairText(scope), scope);
    for (const [key, before] of this.#scopes) {
      const now = wanted.get(key);
      if (now !== undefined && !heirs.has(pairText(before))) heirs.set(pairText(before), now);
    }
    for (const key of keysOf(libbpf, descriptor, guardLayout.scopeKey.size)) {
      if (wanted.has(keyText(key))) continue;
      const value = new Uint8Array(guardLayout.scopeValue.size);
      if (libbpf.readElement(descriptor, key, value) !== 0) continue;
      const held = readScopeValue(value);
      const heir = heirs.get(pairText(held));
      if ((held.flags & isInheritedFlag) === 0 || heir === undefined) libbpf.deleteElement(descriptor, key);
      else libbpf.writeElement(descriptor, key, this.#valueOf(heir, held.flags & (isInheritedFlag | isContainerFlag)));
    }
  }

  /** Which look-ups the kernel has to do at all. */
  #writeKinds(scopes: readonly GuardScope[]): void {
    const { libbpf, base } = this.#loaded;
    const has = (kind: GuardScope["kind"], bit: number): number =>
      scopes.some((scope) => scope.kind === kind) ? bit : 0;
    const mask = has("cgroup", guardConstant.scopeCgroup) | has("mount-namespace", guardConstant.scopeMountNamespace);
    libbpf.writeElement(
      base.descriptorOf("kinds"),
      new Uint8Array(4),
      new Uint8Array(BigUint64Array.of(BigInt(mask)).buffer),
    );
  }

  #valueOf({ policy, dryPolicy }: Pick<GuardScope, "policy" | "dryPolicy">, more: number): Uint8Array {
    return scopeValue({ policy, dryPolicy, flags: this.#flagsOf(policy) | this.#flagsOf(dryPolicy) | more });
  }

  drain(): readonly GuardedEvent[] {
    if (!this.#isOpen) return [];
    const { ring, libbpf } = this.#loaded;
    const bootMs = Date.now() - libbpf.bootTimeMs();
    const events: GuardedEvent[] = [];
    ring.drain(guardLimits.eventsPerDrainMax, (start, length) => {
      const event = decodeGuarded(ring.views.bytes.subarray(start, start + length), bootMs);
      if (event === undefined) this.#undecoded += 1;
      else events.push(event);
    });
    return events;
  }

  stats() {
    const counts = this.#isOpen
      ? readCounters(this.#loaded.libbpf, this.#loaded.base.descriptorOf("counters"), guardConstant.counters)
      : [];
    const losses: Record<string, number> = {};
    for (const [index, name] of lossNames.entries()) if ((counts[index] ?? 0) > 0) losses[name] = counts[index] ?? 0;
    for (const object of [this.#loaded.base, this.#loaded.lsm])
      for (const [ability, missed] of Object.entries(object?.misses() ?? {})) losses[`${ability}-missed`] = missed;
    if (this.#undecoded > 0) losses["undecoded"] = this.#undecoded;
    return { scopes: this.#scopes.size, policies: this.#policies.size, lossesByKind: losses };
  }

  isolate(cgroupPath: string): Disposable {
    const out = this.#loaded.base.attachOne("guard_isolate_out", cgroupPath);
    try {
      const into = this.#loaded.base.attachOne("guard_isolate_in", cgroupPath);
      return {
        [Symbol.dispose]: () => {
          into[Symbol.dispose]();
          out[Symbol.dispose]();
        },
      };
    } catch (error) {
      out[Symbol.dispose]();
      throw error;
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#loaded.ring.close();
    this.#loaded.lsm?.close();
    this.#loaded.base.close();
  }

  #flagsOf(policy: number): number {
    return this.#policies.get(policy)?.flags ?? 0;
  }

  #write(entry: MapEntry): boolean {
    const descriptor = this.#loaded.base.descriptorOf(entry.map);
    return this.#loaded.libbpf.writeElement(descriptor, entry.key, entry.value) === 0;
  }

  #delete(entry: MapEntry): void {
    if (this.#isOpen) this.#loaded.libbpf.deleteElement(this.#loaded.base.descriptorOf(entry.map), entry.key);
  }
}

function keyText(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}

function pairText({ policy, dryPolicy }: Pick<GuardScope, "policy" | "dryPolicy">): string {
  return `${policy} ${dryPolicy}`;
}
