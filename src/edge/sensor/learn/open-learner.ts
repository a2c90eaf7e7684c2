// Learning in the kernel: bits of system calls and capabilities per mount namespace. Loaded when asked for, attached only while something is learnt.
import type { Learner, LearntScope } from "../../../core/sense/learner.ts";
import { keysOf, readCounters } from "../bpf-maps.ts";
import { loadBpfObject, type BpfObject, type KernelProgram } from "../bpf-object.ts";
import { openLibbpf, type Libbpf } from "../libbpf.ts";
import { layout, limit } from "./learn-layout.gen.ts";

const programs = [
  { name: "learn_exec", kind: "on-demand", ability: "learn-starts" },
  { name: "learn_call", kind: "on-demand", ability: "learn-calls" },
  { name: "learn_capable", kind: "on-demand", ability: "learn-capabilities" },
] as const satisfies readonly KernelProgram[];

export interface LearnerOptions {
  /** Folder of the compiled objects (bpf/objects). */
  readonly objectPath: string;
  /** Inode of the first process's mount namespace; 0 when it may not be looked at. */
  readonly hostMountNamespace: number;
}

/** Throws a Fault ("sensor/no-library", "sensor/load") where the kernel refuses to have system calls watched. */
export function openLearner({ objectPath, hostMountNamespace }: LearnerOptions): Learner {
  const libbpf = openLibbpf();
  const object = loadBpfObject(libbpf, {
    objectPath,
    programs,
    required: new Set(["learn-calls", "learn-starts"]),
    cgroupPath: undefined,
    fillSettings: (view) => view.setUint32(layout.learnSettings.hostMountNamespace, hostMountNamespace, true),
  });
  return new KernelLearner(libbpf, object);
}

class KernelLearner implements Learner {
  readonly seesCapabilities: boolean;
  readonly #libbpf: Libbpf;
  readonly #object: BpfObject;
  readonly #scopes: number;
  readonly #control: number;
  readonly #losses: number;
  #links: Disposable[] = [];
  #isOpen = true;

  constructor(libbpf: Libbpf, object: BpfObject) {
    this.#libbpf = libbpf;
    this.#object = object;
    this.#scopes = object.descriptorOf("scopes");
    this.#control = object.descriptorOf("control");
    this.#losses = object.descriptorOf("losses");
    this.seesCapabilities = this.#capability("learn-capabilities");
  }

  get capabilities(): Learner["capabilities"] {
    return this.#object.capabilities;
  }

  #capability(name: string): boolean {
    return this.#object.capabilities.some((one) => one.name === name && one.available);
  }

  setLearning(isLearning: boolean): void {
    if (!this.#isOpen || isLearning === this.#links.length > 0) return;
    if (!isLearning) {
      this.#detach();
      return;
    }
    // What ended meanwhile may have left its number to another one.
    for (const { mountNamespace } of this.read()) this.forget(mountNamespace);
    try {
      for (const { name, ability } of programs)
        if (this.#capability(ability)) this.#links.push(this.#object.attachOne(name));
    } catch (error) {
      this.#detach();
      throw error;
    }
  }

  #detach(): void {
    for (const link of this.#links.splice(0)) link[Symbol.dispose]();
  }

  setLearnNew(isWanted: boolean): void {
    if (!this.#isOpen) return;
    this.#libbpf.writeElement(this.#control, word(0), word(isWanted ? limit.controlLearnNew : 0));
  }

  watch(mountNamespace: number): boolean {
    if (!this.#isOpen) return false;
    const key = keyOf(mountNamespace);
    // A namespace that the kernel watches already keeps what it has.
    if (this.#libbpf.readElement(this.#scopes, key, new Uint8Array(layout.learnScope.size)) === 0) return true;
    return this.#libbpf.writeElement(this.#scopes, key, new Uint8Array(layout.learnScope.size)) === 0;
  }

  forget(mountNamespace: number): void {
    if (this.#isOpen) this.#libbpf.deleteElement(this.#scopes, keyOf(mountNamespace));
  }

  read(): readonly LearntScope[] {
    if (!this.#isOpen) return [];
    return keysOf(this.#libbpf, this.#scopes, 8).flatMap((key) => {
      const value = new Uint8Array(layout.learnScope.size);
      return this.#libbpf.readElement(this.#scopes, key, value) === 0 ? [decodeScope(key, value)] : [];
    });
  }

  lost(): number {
    return this.#isOpen ? (readCounters(this.#libbpf, this.#losses, 1)[0] ?? 0) : 0;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#detach();
    this.#isOpen = false;
    this.#object.close();
  }
}

/** One element of the map. `value` is laid out as `struct learn_scope` of bpf/learn.h. */
export function decodeScope(key: Uint8Array, value: Uint8Array): LearntScope {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const flags = view.getUint32(layout.learnScope.flags, true);
  const from = layout.learnScope.calls;
  return {
    mountNamespace: Number(new DataView(key.buffer, key.byteOffset).getBigUint64(0, true)),
    calls: value.slice(from, from + limit.learnCallWords * 8),
    capabilities: view.getBigUint64(layout.learnScope.capabilities, true),
    execs: view.getUint32(layout.learnScope.execs, true),
    startSeen: (flags & limit.scopeStartSeen) !== 0,
    hasForeignCalls: (flags & limit.scopeForeign) !== 0,
  };
}

function keyOf(mountNamespace: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(mountNamespace)).buffer);
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
