// The port of learning: which system calls and capabilities each mount namespace (a container) has used since it is watched.
import type { Capability } from "../../model/node.ts";

export interface LearntScope {
  /** Inode of the namespace, as /proc/PID/ns/mnt names it. */
  readonly mountNamespace: number;
  /** Bit N of byte N / 8 stands for call N of the machine's architecture. */
  readonly calls: Uint8Array;
  /** Bits by number; always 0 where `Learner.seesCapabilities` is false. */
  readonly capabilities: bigint;
  readonly execs: number;
  /** Watched from the first program on. */
  readonly startSeen: boolean;
  /** 32-bit calls of an older architecture were used, which are not among `calls`. */
  readonly hasForeignCalls: boolean;
}

export interface Learner {
  /** The kernel's own check is watched; else capabilities are concluded from calls. */
  readonly seesCapabilities: boolean;
  readonly capabilities: readonly Capability[];
  /** Attaches or detaches: while off, calls cost nothing and nothing is learnt. Idempotent. */
  setLearning(isLearning: boolean): void;
  /** Namespaces that begin from now on are watched by themselves, from their first program on. */
  setLearnNew(isWanted: boolean): void;
  /** Watches a namespace that runs already. False: no room. */
  watch(mountNamespace: number): boolean;
  forget(mountNamespace: number): void;
  /** All that are watched, with everything they used so far. */
  read(): readonly LearntScope[];
  /** Namespaces that found no room so far. */
  lost(): number;
  /** Detaches and frees everything; safe to call twice. */
  close(): void;
}
