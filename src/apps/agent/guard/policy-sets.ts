// Which policies hold for which container, what of them is enforced and what only tried, and the compiled rules of each: made anew only when something changed.
import {
  compileRules,
  type CompileNeeds,
  type CompileProblem,
  type FoundFile,
} from "../../../core/runtime-policy/compile.ts";
import type { Guard, GuardScope } from "../../../core/runtime-policy/guard-port.ts";
import type { ParsedRuntimePolicy } from "../../../core/runtime-policy/model.ts";
import type { RuleBook } from "../../../core/runtime-policy/rule-book.ts";
import { isSelected } from "../../../core/runtime-policy/select.ts";
import { guardSideLimits } from "./limits.ts";
import type { Holder } from "./living.ts";

export interface PolicySets {
  /** Makes the kernel's scopes and rules those of the policies and holders; idempotent. */
  reconcile(policies: readonly ParsedRuntimePolicy[], holders: readonly Holder[]): Reconciled;
}

export interface Reconciled {
  /** Holders that a policy is in force for, by the policy's name. */
  readonly holdersByPolicy: ReadonlyMap<string, number>;
  readonly problems: readonly CompileProblem[];
}

export interface PolicySetsNeeds {
  readonly guard: Guard;
  readonly book: RuleBook;
  find(pid: number, path: string, use: "block" | "allow"): FoundFile | undefined;
  /** Told of the scopes in force, each time. */
  noted?(scopes: readonly GuardScope[]): void;
}

interface Held {
  readonly digest: string;
  readonly number: number;
}

const tooManyHolders = `more than holdersMax = ${guardSideLimits.holdersMax} workloads in scope`;

export function createPolicySets({ guard, book, ...files }: PolicySetsNeeds): PolicySets {
  /** By what is compiled: containers of one image with the same policies share their rules. */
  let held = new Map<string, Held>();

  function numberOf(
    policies: readonly ParsedRuntimePolicy[],
    blocked: "dry" | "block",
    made: { readonly holder: Holder; readonly now: Map<string, Held>; readonly problems: CompileProblem[] },
  ): number {
    if (policies.length === 0) return 0;
    const needs: CompileNeeds = {
      numberOf: (policy, rule) => book.numberOf(policy, rule),
      find: (path, use) => files.find(made.holder.pid, path, use),
    };
    const { compiled, problems } = compileRules(policies, blocked, needs);
    made.problems.push(...problems);
    const digest = `${blocked} ${JSON.stringify(compiled)}`;
    const known = made.now.get(digest) ?? held.get(digest);
    const number = known?.number ?? guard.addPolicy(compiled);
    made.now.set(digest, { digest, number });
    return number;
  }

  return {
    reconcile(policies, holders) {
      const now = new Map<string, Held>();
      const spared: number[] = [];
      const scopes: GuardScope[] = [];
      const problems: CompileProblem[] = [];
      const holdersByPolicy = new Map<string, number>();
      let taken = 0;
      for (const holder of holders) {
        const selected = policies.filter(({ mode, target }) => mode !== "off" && isSelected(target, holder.subject));
        const own = selected.filter(({ target }) => holder.isContainer || namesIt(target));
        if (own.length === 0) continue;
        taken += 1;
        const because = holder.because || (taken > guardSideLimits.holdersMax ? tooManyHolders : "");
        if (because !== "") {
          for (const { name } of own) problems.push({ policy: name, place: wordsOf(holder), message: because });
          continue;
        }
        const made = { holder, now, problems };
        const policy = numberOf(
          own.filter(({ mode }) => mode === "enforce"),
          "block",
          made,
        );
        const dryPolicy = numberOf(
          own.filter(({ mode }) => mode === "dry-run"),
          "dry",
          made,
        );
        for (const { name } of own) holdersByPolicy.set(name, (holdersByPolicy.get(name) ?? 0) + 1);
        spared.push(...holder.spared);
        const scope = { policy, dryPolicy, isContainer: holder.isContainer };
        for (const id of holder.cgroups) scopes.push({ ...scope, kind: "cgroup", id });
        for (const id of holder.mountNamespaces) scopes.push({ ...scope, kind: "mount-namespace", id });
      }
      // First, so that no scope ever holds them.
      guard.spare(spared);
      guard.setScopes(scopes);
      files.noted?.(scopes);
      for (const [digest, { number }] of held) if (!now.has(digest)) guard.removePolicy(number);
      held = now;
      return { holdersByPolicy, problems };
    },
  };
}

/** Outside containers a policy must name its workload: "every workload" never means the machine's own services. */
function namesIt(target: ParsedRuntimePolicy["target"]): boolean {
  return target.cgroup !== "" || target.workload !== "";
}

function wordsOf({ subject, key }: Holder): string {
  return subject.workload === "" ? subject.cgroup || key : `${subject.namespace}/${subject.workload}`;
}
