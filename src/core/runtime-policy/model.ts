// One model of enforcement rules, whatever language they were written in. A rule says what it is about, who does it, and what shall happen.
import type { GuardedCall, SocketKind } from "../../model/runtime-policy.ts";
import type { Selector } from "../policy/selector/selector.ts";

export type RuntimeAction = "Allow" | "Audit" | "Block";
export type RuntimeMode = "off" | "dry-run" | "enforce";

/** Which files: one, all below a folder, or what a glob matches. Paths are as processes of the workload see them. */
export type PathSubject =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "directory"; readonly path: string; readonly isRecursive: boolean }
  | { readonly kind: "pattern"; readonly pattern: string };

interface RuleBase {
  readonly action: RuntimeAction;
  /** Absolute paths of programs that the rule is limited to; empty: everybody. */
  readonly fromSource: readonly string[];
  /** Where it stands, for people: "exec[2]" or "file.yaml:17 spec.process.matchPaths[0]". */
  readonly place: string;
}

export interface ExecRule extends RuleBase {
  readonly kind: "exec";
  readonly subject: PathSubject;
  readonly isOwnerExempt: boolean;
}

export interface FileRule extends RuleBase {
  readonly kind: "file";
  readonly subject: PathSubject;
  /** Only writing is meant. */
  readonly isWriteOnly: boolean;
  readonly isOwnerExempt: boolean;
}

export type NetworkOperation = "connect" | "bind" | "send";

export interface NetworkRule extends RuleBase {
  readonly kind: "network";
  readonly operation: NetworkOperation;
  /** "": both. */
  readonly protocol: "tcp" | "udp" | "";
  /** 16 bytes, IPv4 mapped into IPv6; `prefixBits` counts from the first of the 128. Empty and 0: every address. */
  readonly address: string;
  readonly prefixBits: number;
  /** 0: every port. */
  readonly port: number;
}

export interface SocketRule extends RuleBase {
  readonly kind: "socket";
  readonly socket: SocketKind;
}

export interface CapabilityRule extends RuleBase {
  readonly kind: "capability";
  /** Without "CAP_", upper case. */
  readonly capability: string;
}

export interface CallRule extends RuleBase {
  readonly kind: "call";
  readonly call: GuardedCall;
}

/** The end of an allow-list: what nothing before it named. */
export interface OnlyRule extends RuleBase {
  readonly kind: "only";
  readonly of: "exec" | "file" | "network" | "socket";
}

export type RuntimeRule = ExecRule | FileRule | NetworkRule | SocketRule | CapabilityRule | CallRule | OnlyRule;

/** Whom a policy is for. Everything that is set must hold. */
export interface RuntimeTarget {
  readonly selector: Selector | undefined;
  readonly namespace: string;
  readonly workload: string;
  readonly container: string;
  /** Glob. */
  readonly image: string;
  readonly cgroup: string;
}

export interface ParsedRuntimePolicy {
  /** As it stands in statuses and events: the resource's or object's name. */
  readonly name: string;
  readonly dialect: "garrison" | "kubearmor" | "tetragon" | "baseline";
  readonly target: RuntimeTarget;
  readonly mode: RuntimeMode;
  readonly rules: readonly RuntimeRule[];
  /** 1 to 10; undefined: nobody said, and what happens decides. */
  readonly severity: number | undefined;
  readonly tags: readonly string[];
  readonly message: string;
  readonly isPinned: boolean;
  /** A running workload is stopped where it stands, or cut off, until then. */
  readonly hold:
    | { readonly action: "freeze" | "isolate"; readonly untilMs: number; readonly reason: string }
    | undefined;
}

/** What is wrong with an input, or what was left out of it. Severity error: the policy is refused as a whole. */
export interface RuntimeProblem {
  readonly severity: "error" | "warning";
  /** "runtime-policy/kebab". */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** "file.yaml:12", or "" for resources. */
  readonly where: string;
  readonly path: string;
}

/** Who a process belongs to, as policies select. */
export interface RuntimeSubject {
  readonly namespace: string;
  readonly workload: string;
  readonly container: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Below the v2 hierarchy's root, "/system.slice/shop.service"; "" when not known. */
  readonly cgroup: string;
}
