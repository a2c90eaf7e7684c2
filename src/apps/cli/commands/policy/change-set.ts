// The set of policies after a change: what is added takes the place of what has its id, and what is named goes.
import { nearest } from "../../../../base/nearest.ts";
import type { Policy, PolicySet, Tier } from "../../../../core/policy/model.ts";
import { usage } from "./ask-flow.ts";
import { policyWords } from "./words.ts";

/** At most so many ids are shown when a name could be several policies. */
const idsShownMax = 5;

/** Objects of `added` take the place of those with their id (policies) or name; everything else stays. */
export function joinedSets(now: PolicySet, added: PolicySet): PolicySet {
  const merge = <T>(old: readonly T[], fresh: readonly T[], keyOf: (item: T) => string): readonly T[] => {
    const taken = new Set(fresh.map(keyOf));
    return [...old.filter((item) => !taken.has(keyOf(item))), ...fresh];
  };
  const nameOf = ({ name }: { readonly name: string }): string => name;
  return {
    // Built-in tiers stand in every set: those that nobody wrote replace nothing.
    tiers: merge(
      merge(
        added.tiers.filter((tier) => !isWritten(tier)),
        now.tiers,
        nameOf,
      ),
      added.tiers.filter(isWritten),
      nameOf,
    ),
    // A cluster keeps objects of two dialects with one name side by side, so does the preview.
    policies: merge(now.policies, added.policies, ({ id }) => id),
    networkSets: merge(now.networkSets, added.networkSets, ({ namespace, name }) => `${namespace}/${name}`),
    hostEndpoints: merge(now.hostEndpoints, added.hostEndpoints, nameOf),
    profiles: merge(now.profiles, added.profiles, nameOf),
  };
}

function isWritten({ place }: Tier): boolean {
  return place.file !== "";
}

/** The set without the policies that `names` say: ids, or "namespace/name" where only one is called so. Throws a usage Fault otherwise. */
export function withoutPolicies(set: PolicySet, names: readonly string[]): PolicySet {
  const gone = new Set(names.map((name) => idOf(set.policies, name)));
  return { ...set, policies: set.policies.filter(({ id }) => !gone.has(id)) };
}

function idOf(policies: readonly Policy[], name: string): string {
  if (policies.some(({ id }) => id === name)) return name;
  const [only, ...others] = policies.flatMap(({ id }) => (policyWords(id) === name ? [id] : []));
  if (only !== undefined && others.length === 0) return only;
  if (only !== undefined)
    throw usage(
      `--without ${name}: ${others.length + 1} policies are called so`,
      `name one: ${[only, ...others].slice(0, idsShownMax).join(", ")}`,
    );
  const close = nearest(
    name.slice(0, 512),
    policies.flatMap(({ id }) => [policyWords(id), id]),
  );
  throw usage(
    `--without ${name}: there is no such policy among the files`,
    close === undefined
      ? "an id (kubernetes/NetworkPolicy/shop/web) or namespace/name; `garrison policy lint -o json` shows ids"
      : `did you mean ${close}?`,
  );
}

/** Pairs of ids: added policies that have the namespace and name of another one that stays, in another dialect or kind. */
export function namesakes(
  now: PolicySet,
  added: PolicySet,
): readonly { readonly old: string; readonly added: string }[] {
  const fresh = new Set(added.policies.map(({ id }) => id));
  return added.policies.flatMap(({ id, staged }) =>
    now.policies
      .filter((old) => staged === undefined && old.staged === undefined && !fresh.has(old.id))
      .filter((old) => policyWords(old.id) === policyWords(id))
      .map((old) => ({ old: old.id, added: id })),
  );
}
