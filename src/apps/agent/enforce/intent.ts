// What this node is asked to enforce: its Policy, Enforcement and LocalEndpoint resources as one intent with a digest, and a word on each resource.
import { createHash } from "node:crypto";
import { parseManifests } from "../../../core/policy/parse/parse-policies.ts";
import type { PolicyProblem, PolicySet } from "../../../core/policy/model.ts";
import { Enforcement } from "../../../model/enforcement.ts";
import { LocalEndpoint } from "../../../model/local-endpoint.ts";
import { PolicyObject } from "../../../model/policy-object.ts";
import type { Resource } from "../../../model/resource.ts";
import { enforceKinds } from "./kinds.ts";

export interface LocalIntent {
  readonly resource: Resource;
  readonly spec: LocalEndpoint;
  /** Id of its world endpoint. */
  readonly endpoint: string;
}

/** One resource and what parsing made of it. */
export interface Word {
  readonly resource: Resource;
  /** Why it is refused; "" when it is taken. */
  readonly refused: string;
  /** Why it does not count here though nothing is wrong with it; "" when it counts. */
  readonly standsBack: string;
  /** Ids of policies that stand in it; none for tiers, sets and other kinds. */
  readonly policies: readonly string[];
  readonly problems: readonly string[];
}

export interface Intent {
  /** Of everything that changes what packets meet; what a confirmation names. */
  readonly digest: string;
  /** Defaults when there is no Enforcement, which means off. */
  readonly settings: Enforcement;
  readonly set: PolicySet;
  readonly locals: readonly LocalIntent[];
  readonly words: readonly Word[];
  /** Digest of each policy by its id: which ones a change is about. */
  readonly policyDigests: ReadonlyMap<string, string>;
  /** As given: what is kept on disk to come back to. */
  readonly resources: readonly Resource[];
}

/** Resources of other kinds are ignored. The narrowest scope that has a name (or, for Enforcement, any) decides, as on the server. */
export function intentOf(resources: readonly Resource[]): Intent {
  const own = resources.filter(({ kind, deleted }) => enforceKinds.includes(kind) && !deleted).sort(byKey);
  const words = new Map<Resource, Word>();
  const enforcements = readEnforcements(own, words);
  const policies = readPolicies(
    narrowest(ofKind(own, "Policy"), (resource) => resource.name, words),
    words,
  );
  const locals = readLocals(
    narrowest(ofKind(own, "LocalEndpoint"), (resource) => resource.name, words),
    words,
  );
  const settings = enforcements ?? Enforcement.parse({});
  const { set, digests } = policies;
  return {
    digest: digestOf(policies.counted, settings, locals),
    settings,
    set,
    locals,
    words: own.flatMap((resource) => words.get(resource) ?? []),
    policyDigests: digests,
    resources: own,
  };
}

function ofKind(resources: readonly Resource[], kind: string): readonly Resource[] {
  return resources.filter((resource) => resource.kind === kind);
}

function byKey(left: Resource, right: Resource): number {
  const text = ({ kind, scope, name }: Resource) => `${kind}\n${scope}\n${name}`;
  return text(left) < text(right) ? -1 : 1;
}

/** 0 for all, 1 for a cluster, 2 for a node. */
export function depthOf({ scope }: Resource): number {
  return scope === "global" ? 0 : scope.startsWith("cluster/") ? 1 : 2;
}

/** One per name, of the narrowest scope; the others get the word that they stand back. */
function narrowest(
  resources: readonly Resource[],
  nameOf: (resource: Resource) => string,
  words: Map<Resource, Word>,
): readonly Resource[] {
  const chosen = new Map<string, Resource>();
  for (const resource of resources) {
    const before = chosen.get(nameOf(resource));
    if (before === undefined || depthOf(resource) > depthOf(before)) chosen.set(nameOf(resource), resource);
  }
  for (const resource of resources) {
    const winner = chosen.get(nameOf(resource));
    if (winner !== undefined && winner !== resource)
      words.set(resource, word(resource, { standsBack: `${winner.kind}/${winner.name} of ${winner.scope} decides` }));
  }
  return [...chosen.values()];
}

function word(resource: Resource, more: Partial<Word>): Word {
  return { resource, refused: "", standsBack: "", policies: [], problems: [], ...more };
}

function issueOf(error: {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}) {
  const [issue] = error.issues;
  return `${issue?.path.map(String).join(".") ?? "spec"}: ${issue?.message ?? "wrong"}`.slice(0, 300);
}

function readEnforcements(own: readonly Resource[], words: Map<Resource, Word>): Enforcement | undefined {
  const good: Resource[] = [];
  const specs = new Map<Resource, Enforcement>();
  for (const resource of ofKind(own, "Enforcement")) {
    const spec = Enforcement.safeParse(resource.spec);
    if (spec.success) {
      good.push(resource);
      specs.set(resource, spec.data);
      words.set(resource, word(resource, {}));
    } else words.set(resource, word(resource, { refused: issueOf(spec.error) }));
  }
  const [winner] = narrowest(good, () => "", words);
  return winner === undefined ? undefined : specs.get(winner);
}

interface ReadPolicies {
  readonly set: PolicySet;
  readonly counted: readonly unknown[];
  readonly digests: ReadonlyMap<string, string>;
}

function readPolicies(resources: readonly Resource[], words: Map<Resource, Word>): ReadPolicies {
  const readable: { readonly resource: Resource; readonly manifest: unknown }[] = [];
  for (const resource of resources) {
    const spec = PolicyObject.safeParse(resource.spec);
    if (spec.success) readable.push({ resource, manifest: spec.data.manifest });
    else words.set(resource, word(resource, { refused: issueOf(spec.error) }));
  }
  // The document's number is the resource's: so problems and objects find their way back.
  const parsed = parseManifests(
    readable.map(({ manifest }, document) => ({ manifest, place: { file: "", document, line: 0 } })),
  );
  const digests = new Map<string, string>();
  const policyIds = new Set(parsed.set.policies.map(({ id }) => id));
  const counted: unknown[] = [];
  const objectsOf = Map.groupBy(parsed.objects, ({ place }) => place.document);
  const problemsOf = Map.groupBy(parsed.problems, ({ place }) => place.document);
  for (const [index, { resource, manifest }] of readable.entries()) {
    const objects = objectsOf.get(index) ?? [];
    const problems = problemsOf.get(index) ?? [];
    const errors = problems.filter(({ severity }) => severity === "error");
    const isTaken = objects.some(({ state }) => state === "taken");
    const refused = isTaken ? "" : textOf(errors[0] ?? problems[0]) || "it is no object that policies are made of";
    const policies = objects.flatMap(({ id, state }) => (state === "taken" && policyIds.has(id) ? [id] : []));
    words.set(resource, word(resource, { refused, policies, problems: problems.map(textOf) }));
    if (!isTaken) continue;
    counted.push(manifest);
    for (const id of policies) digests.set(id, hashOf(manifest));
  }
  return { set: parsed.set, counted, digests };
}

function textOf(problem: PolicyProblem | undefined): string {
  if (problem === undefined) return "";
  const where = problem.path === "" ? "" : `${problem.path}: `;
  const hint = problem.hint === "" ? "" : ` (${problem.hint})`;
  return `${where}${problem.message}${hint}`.slice(0, 300);
}

function readLocals(resources: readonly Resource[], words: Map<Resource, Word>): readonly LocalIntent[] {
  const found: LocalIntent[] = [];
  const taken = new Map<string, string>();
  for (const resource of resources) {
    const spec = LocalEndpoint.safeParse(resource.spec);
    if (!spec.success) {
      words.set(resource, word(resource, { refused: issueOf(spec.error) }));
      continue;
    }
    const endpoint = `pod/${spec.data.namespace}/${spec.data.name}`;
    const other = taken.get(endpoint) ?? taken.get(`netns ${spec.data.netns}`);
    if (other !== undefined) {
      words.set(resource, word(resource, { refused: `LocalEndpoint/${other} names the same endpoint or namespace` }));
      continue;
    }
    taken.set(endpoint, resource.name).set(`netns ${spec.data.netns}`, resource.name);
    words.set(resource, word(resource, {}));
    found.push({ resource, spec: spec.data, endpoint });
  }
  return found;
}

/** 16 hexadecimal digits over everything that decides about packets, whatever the order of resources and keys. */
function digestOf(policies: readonly unknown[], settings: Enforcement, locals: readonly LocalIntent[]): string {
  const { mode, onPolicyChange, workloadToHost, failsafe, dns, workloadInterfaces } = settings;
  // Left out where it is empty: digests of before that setting stay what they were.
  const strangers = workloadInterfaces.length === 0 ? {} : { workloadInterfaces };
  return hashOf({
    policies: policies.map(stableText).sort(),
    settings: { mode, onPolicyChange, workloadToHost, failsafe, dns, ...strangers },
    locals: locals.map(({ spec }) => stableText({ ...spec, addresses: [] })).sort(),
  });
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(stableText(value)).digest("hex").slice(0, 16);
}

/** JSON with sorted keys. */
function stableText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
}
