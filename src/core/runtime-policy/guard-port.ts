// The port of the kernel's guard: compiled rules in, guarded events out. Implemented by edge/sensor/guard.
import type { GuardedCall, SocketKind } from "../../model/runtime-policy.ts";
import type { GuardedEvent } from "../sense/deed-events.ts";

/** What one matching rule says. The first choice that fits decides. */
export interface CompiledChoice {
  /** Number of the rule (rule-book.ts); above 0. */
  readonly rule: number;
  readonly action: "allow" | "audit" | "dry" | "block";
  readonly isWriteOnly: boolean;
  readonly isOwnerExempt: boolean;
  /** Of a folder without its sub-folders: bytes of its path with the last slash; 0: no such limit. */
  readonly directBytes: number;
  /** A bit per source program, as `CompiledPolicy.sources` orders them; 0: everybody. */
  readonly sources: number;
}

export interface CompiledPath {
  readonly class: "exec" | "file";
  /** Bytes that the path begins with; of one file the whole path. */
  readonly text: string;
  readonly isExact: boolean;
  readonly choices: readonly CompiledChoice[];
}

/** A file known by its inode, whatever it is called. Device as stat(2) writes it. */
export interface CompiledFile {
  readonly class: "exec" | "file";
  readonly device: number;
  readonly inode: number;
  readonly choices: readonly CompiledChoice[];
}

export interface CompiledAddress {
  readonly operation: "connect" | "bind" | "send";
  readonly protocol: "tcp" | "udp" | "";
  readonly port: number;
  /** Text form; "" for every address. */
  readonly address: string;
  /** Of the 128 of an IPv4-mapped address. */
  readonly prefixBits: number;
  readonly choices: readonly CompiledChoice[];
}

export type CompiledPoint = { readonly choices: readonly CompiledChoice[] } & (
  | { readonly class: "only"; readonly of: "exec" | "file" | "network" | "socket" }
  | { readonly class: "socket"; readonly socket: SocketKind }
  | { readonly class: "capability"; readonly number: number }
  | { readonly class: "call"; readonly call: GuardedCall }
);

/** All rules of one kind of container: what several policies say of it, merged. */
export interface CompiledPolicy {
  readonly paths: readonly CompiledPath[];
  readonly files: readonly CompiledFile[];
  readonly addresses: readonly CompiledAddress[];
  readonly points: readonly CompiledPoint[];
  /** Absolute paths; the index is the bit in `CompiledChoice.sources`. */
  readonly sources: readonly string[];
}

/** Where a policy holds. Children (cgroups, new mount namespaces) inherit it in the kernel. */
export interface GuardScope {
  readonly kind: "cgroup" | "mount-namespace";
  /** v2 cgroup id, or the namespace's inode. */
  readonly id: number;
  /** What is enforced, and what is only tried; 0: none. Numbers of `addPolicy`. */
  readonly policy: number;
  readonly dryPolicy: number;
  /** Processes of this cgroup that are still in the host's mount namespace are the container runtime's: left alone. */
  readonly isContainer: boolean;
}

/** What this kernel lets the guard do; "" means it does, else why not. */
export interface GuardPlanes {
  /** Kill at exec. */
  readonly kill: string;
  /** Kill at the entry of named system calls. */
  readonly killAtCall: string;
  /** Kill after an open. */
  readonly killAtOpen: string;
  /** Deny by cgroup hooks: connect, bind, send, Internet sockets. */
  readonly cgroup: string;
  /** Deny by LSM. */
  readonly lsm: string;
  /** LSM hooks that this kernel lacks or refuses, by name, with the reason. */
  readonly lsmMissing: Readonly<Record<string, string>>;
}

export interface GuardStats {
  readonly scopes: number;
  readonly policies: number;
  /** Events that found no room, paths that could not be found out, no memory, no signal; zeros left out. */
  readonly lossesByKind: Readonly<Record<string, number>>;
}

export interface Guard {
  readonly planes: GuardPlanes;
  /** Writes the rules of a policy under a new number; nothing holds before a scope names it. Fault "guard/full" when a map has no room. */
  addPolicy(compiled: CompiledPolicy): number;
  /** Forgets the rules; the scopes must not name it any more. */
  removePolicy(policy: number): void;
  /** Replaces all scopes. What was inherited from a scope follows it. */
  setScopes(scopes: readonly GuardScope[]): void;
  /** Processes that no scope holds, from now on instead of those before: until they end or run another program. What they start is held. At most `sparedMax`. */
  spare(pids: readonly number[]): void;
  /** Drops all packets of the cgroup in this folder until it is disposed. */
  isolate(cgroupPath: string): Disposable;
  /** What the kernel did or would have done since the last call; oldest first. */
  drain(): readonly GuardedEvent[];
  stats(): GuardStats;
  /**
   * What is attached stays in force without this process: under names in `folder`, which is made, in a bpffs. All of it or, with the Fault "guard/pin", nothing.
   * Again: only what is not there any more is done.
   */
  pin(folder: string): void;
  /** Takes these names away. */
  unpin(): void;
  /** Detaches what is not pinned: nothing is stopped any more by it. Safe to call twice. */
  close(): void;
}
