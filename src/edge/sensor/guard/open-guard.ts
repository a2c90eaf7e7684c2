// The kernel's guard: keeps rules and scopes in the maps true, and hands out what happened. Nothing is pinned unless `pin` is called: when the process ends,
// however it ends, nothing is stopped any more.
import { Fault } from "../../../base/fault.ts";
import type { GuardedEvent } from "../../../core/sense/deed-events.ts";
import type { CompiledPolicy, Guard, GuardPlanes, GuardScope } from "../../../core/runtime-policy/guard-port.ts";
import { keysOf, readCounters } from "../bpf-maps.ts";
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
import { layout as guardLayout, limit as guardConstant } from "./guard-layout.gen.ts";
import { guardLimits, loadGuard, type GuardOptions, type LoadedGuard } from "./load-guard.ts";
import { isPinnedAt, pinLinks, removeFolder } from "./pinned-links.ts";

const lossNames = ["dropped", "no-memory", "path-unknown", "no-signal"] as const;

/**
 * Rejects with a Fault ("sensor/no-library", "sensor/load") when not even the base object can run. The kernel looks at the programs on another thread: whoever
 * asks is not held up.
 */
export async function openGuard(options: GuardOptions): Promise<Guard> {
  return new KernelGuard(await loadGuard(options));
}

class KernelGuard implements Guard {
  readonly planes: GuardPlanes;
  readonly #loaded: LoadedGuard;
  readonly #policies = new Map<number, { readonly entries: readonly MapEntry[]; readonly flags: number }>();
  #scopes: ReadonlyMap<string, GuardScope> = new Map();
  #next = 1;
  #undecoded = 0;
  #isOpen = true;
  /** The folder of the links that stay without this process; "": none. */
  #pinnedAt = "";

  constructor(loaded: LoadedGuard) {
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

  pin(folder: string): void {
    if (!this.#isOpen || (folder === this.#pinnedAt && isPinnedAt(folder))) return;
    const { libbpf, base, lsm } = this.#loaded;
    pinLinks(libbpf, folder, [...base.links(), ...(lsm?.links() ?? [])]);
    this.#pinnedAt = folder;
  }

  unpin(): void {
    if (this.#pinnedAt !== "") removeFolder(this.#pinnedAt);
    this.#pinnedAt = "";
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#loaded.ring.close();
    for (const object of [this.#loaded.lsm, this.#loaded.base])
      if (this.#pinnedAt === "") object?.close();
      else object?.letGo();
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
