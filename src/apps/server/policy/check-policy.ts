// What the schema of a Policy resource cannot know: whether its manifest is a policy object that can be read, under its own name, with its tier
// there. A part that fails closed is stored and shown among the board's problems; an object that would be refused is not stored.
import { Fault } from "../../../base/fault.ts";
import { parseManifests } from "../../../core/policy/parse/parse-policies.ts";
import { resourceNameOf } from "../../../core/policy/parse/resource-name.ts";
import { PolicyObject } from "../../../model/policy-object.ts";
import type { Resource, ResourceManifest } from "../../../model/resource.ts";
import type { Resources } from "../../../core/state/ports.ts";

type Manifest = PolicyObject["manifest"];

/** Throws Fault of the parser's own code with `where` in the spec, "policy/unknown-kind" or "policy/name-mismatch". */
export async function checkPolicy(resources: Pick<Resources, "list">, given: ResourceManifest): Promise<void> {
  const spec = PolicyObject.safeParse(given.spec);
  // A spec that does not parse is refused by the store with its place.
  if (!spec.success) return;
  const { manifest } = spec.data;
  const name = resourceNameOf(manifest);
  if (given.name !== name) {
    throw new Fault(`the resource of this manifest is named ${name}, not ${given.name}`, {
      code: "policy/name-mismatch",
      kind: "usage",
      where: "name",
      hint: "`garrison apply -f` takes the manifest alone and names it itself",
    });
  }
  const tiers = (await resources.list("Policy"))
    .filter((resource) => reaches(resource.scope, given.scope) && resource.name !== given.name)
    .flatMap((resource) => tierIn(resource) ?? []);
  const place = { document: 0, line: 0 };
  const parsed = parseManifests([
    { manifest, place: { ...place, file: "given" } },
    ...tiers.map((tier) => ({ manifest: tier, place: { ...place, file: "kept" } })),
  ]);
  const isRefused = parsed.objects.some(({ place: { file }, state }) => file === "given" && state === "refused");
  if (!isRefused) return;
  const problem = parsed.problems.find(({ severity, place: { file } }) => severity === "error" && file === "given");
  throw new Fault(problem?.message ?? "the manifest cannot be read", {
    code: problem?.code ?? "policy/refused",
    kind: "usage",
    where: `spec.manifest${problem === undefined || problem.path === "" ? "" : `.${problem.path}`}`,
    ...(problem === undefined || problem.hint === "" ? {} : { hint: problem.hint }),
  });
}

/** A tier that policies name stays: without it they could not be read and would be enforced no more. Throws Fault "policy/tier-in-use". */
export async function checkPolicyRemoval(resources: Pick<Resources, "list">, resource: Resource): Promise<void> {
  const tier = tierIn(resource);
  if (tier === undefined) return;
  const others = (await resources.list("Policy")).filter(
    (other) => other.name !== resource.name || other.scope !== resource.scope,
  );
  const users = others.filter((other) => {
    if (!reaches(resource.scope, other.scope)) return false;
    const isServedElsewhere = others.some(
      (one) => reaches(one.scope, other.scope) && tierIn(one)?.metadata.name === tier.metadata.name,
    );
    return !isServedElsewhere && tierOf(other) === tier.metadata.name;
  });
  const [first] = users;
  if (first === undefined) return;
  const more = users.length === 1 ? "" : ` and ${users.length - 1} more`;
  throw new Fault(`the tier ${tier.metadata.name} is in use by ${first.name}${more}`, {
    code: "policy/tier-in-use",
    kind: "conflict",
    hint: "delete its policies first, or move them to another tier",
  });
}

/** Whether what lies in `scope` counts for whoever is in `other`. */
function reaches(scope: string, other: string): boolean {
  if (scope === "global" || scope === other) return true;
  return scope.startsWith("cluster/") && other.startsWith(`node/${scope.slice("cluster/".length)}/`);
}

function manifestIn({ spec }: Resource): Manifest | undefined {
  const parsed = PolicyObject.safeParse(spec);
  return parsed.success ? parsed.data.manifest : undefined;
}

function tierIn(resource: Resource): Manifest | undefined {
  const manifest = manifestIn(resource);
  return manifest?.kind === "Tier" ? manifest : undefined;
}

function tierOf(resource: Resource): unknown {
  const spec = manifestIn(resource)?.["spec"];
  return typeof spec === "object" && spec !== null ? (spec as Record<string, unknown>)["tier"] : undefined;
}
