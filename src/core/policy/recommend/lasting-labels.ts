// Which labels outlive a redeploy, and the smallest set of them that selects exactly the pods of some owners.
// A rule on a label that the next rollout changes is a rule that stops working without anybody touching it.

/** Set by controllers, one value for each rollout, pod or run. */
const volatileKeys = new Set([
  "pod-template-hash",
  "pod-template-generation",
  "controller-revision-hash",
  "rollouts-pod-template-hash",
  "statefulset.kubernetes.io/pod-name",
  "apps.kubernetes.io/pod-index",
  "batch.kubernetes.io/job-completion-index",
  "batch.kubernetes.io/job-name",
  "batch.kubernetes.io/controller-uid",
  "job-name",
  "controller-uid",
  "helm.sh/chart",
  "chart",
  "heritage",
  "app.kubernetes.io/version",
  "app.kubernetes.io/managed-by",
  "version",
  "revision",
  "release-revision",
  "build",
  "commit",
  "git-commit",
]);
const volatileKey =
  /(?:^|[-_./])(?:hash|checksum|sha|sha256|digest|uid|uuid|timestamp|revision|generation)$|^(?:pcns\.|pcsa\.|projectcalico\.org\/)/i;
/** What ordinals, times, digests and generated names look like. */
const volatileValues = [
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  /^(?=.*\d)(?=.*[a-f])[0-9a-f]{7,64}$/i,
  /^\d{8,}$/,
  // The alphabet that Kubernetes makes names from: no vowels, no 0, 1 and 3.
  /(?:^|-)(?=[a-z]*\d)[bcdfghjklmnpqrstvwxz2456789]{5,10}$/,
  /^\d+\.\d+\.\d+/,
  /^v\d+\.\d+/,
];
/** The keys that people choose to name a workload, best first. */
const preferred = [
  "app.kubernetes.io/name",
  "app",
  "k8s-app",
  "app.kubernetes.io/component",
  "app.kubernetes.io/instance",
  "component",
  "name",
  "service",
  "role",
  "tier",
];
/** More labels than these in one selector are not looked for by trying; then all that help are taken. */
const triedTogetherMax = 3;
const candidatesMax = 16;

export type Labels = Readonly<Record<string, string>>;

export function isLasting(key: string, value: string): boolean {
  if (value === "" || volatileKeys.has(key) || volatileKey.test(key)) return false;
  return volatileValues.every((shape) => !shape.test(value));
}

/** Labels that all of these have with one value and that outlive a redeploy. */
export function commonLasting(all: readonly Labels[]): Labels {
  const [first, ...rest] = all;
  if (first === undefined) return {};
  const kept = Object.entries(first).filter(
    ([key, value]) => isLasting(key, value) && rest.every((labels) => labels[key] === value),
  );
  return Object.fromEntries(kept.sort(([left], [right]) => rankOf(left) - rankOf(right) || (left < right ? -1 : 1)));
}

function rankOf(key: string): number {
  const rank = preferred.indexOf(key);
  return rank < 0 ? preferred.length : rank;
}

/**
 * The smallest part of `own` (at least one label) that none of `others` has as a whole; with equal sizes the better known keys.
 * Where none excludes all others, the part that excludes most. Empty only when `own` is.
 */
export function smallestSelecting(own: Labels, others: readonly Labels[]): Labels {
  const candidates = Object.entries(own).slice(0, candidatesMax);
  let best: { readonly labels: readonly (readonly [string, string])[]; readonly left: number } | undefined;
  for (let size = 1; size <= Math.min(triedTogetherMax, candidates.length); size += 1) {
    for (const labels of combinations(candidates, size)) {
      const left = others.filter((other) => has(other, labels)).length;
      if (left === 0) return Object.fromEntries(labels);
      if (best === undefined || left < best.left) best = { labels, left };
    }
  }
  const all = others.filter((other) => has(other, candidates)).length;
  return Object.fromEntries(best === undefined || all < best.left ? candidates : best.labels);
}

export function has(labels: Labels, wanted: readonly (readonly [string, string])[]): boolean {
  return wanted.every(([key, value]) => labels[key] === value);
}

/** In the order of the list, so that better known keys come first. */
function* combinations<T>(list: readonly T[], size: number, from = 0): Generator<readonly T[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let at = from; at <= list.length - size; at += 1) {
    for (const rest of combinations(list, size - 1, at + 1)) yield [list[at] as T, ...rest];
  }
}
