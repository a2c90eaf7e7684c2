// The world of a set of objects: what they gave, joined; namespaces that only their members show are there with what is certain.
import type { Rule } from "../../model.ts";
import type { World, WorldEndpoint } from "../../world.ts";
import { warn } from "../reader.ts";
import type { ParsedWorld } from "../parsed.ts";
import type { ReadObject } from "../parse-policies.ts";
import { namespaceNameLabel } from "./cluster.ts";
import { joinServices } from "./services.ts";

/** Of the objects that were taken. */
export function joinWorld(objects: readonly ReadObject[]): ParsedWorld {
  const taken = objects.filter(({ at, isIgnored }) => !at.sink.isRefused && !isIgnored).map(({ output }) => output);
  const given = taken.flatMap(({ endpoints = [] }) => endpoints);
  const owned = new Set(given.map(({ namespace, workload }) => `${namespace}/${workload}`));
  const templates = taken
    .flatMap(({ templates: list = [] }) => list)
    .map(({ endpoint }) => endpoint)
    .filter(({ namespace, workload }) => !owned.has(`${namespace}/${workload}`));
  const endpoints = [...given, ...templates].sort(by(({ id }) => id));
  const services = joinServices(
    taken.flatMap(({ services: list = [] }) => list),
    taken.flatMap(({ backends = [] }) => backends),
    endpoints,
  );
  const serviceAccounts = taken.flatMap(({ serviceAccounts: list = [] }) => list);
  const namespaces = taken.flatMap(({ namespaces: list = [] }) => list);
  const missing = implied(namespaces, endpoints);
  if (missing.length > 0 && asksNamespaces(objects)) for (const { name } of missing) warnOf(name, objects);
  const world: World = {
    namespaces: [...namespaces, ...missing].sort(by(({ name }) => name)),
    serviceAccounts: [...serviceAccounts].sort(by(({ namespace, name }) => `${namespace}/${name}`)),
    endpoints,
    services: [...services].sort(by(({ namespace, name }) => `${namespace}/${name}`)),
    ranges: [...new Set(taken.flatMap(({ ranges = [] }) => ranges))].sort(by((range) => range)),
    incomplete: "",
  };
  const isGiven = endpoints.length + namespaces.length + services.length + serviceAccounts.length > 0;
  return { world, isGiven };
}

function implied(given: World["namespaces"], endpoints: readonly WorldEndpoint[]): World["namespaces"] {
  const known = new Set(given.map(({ name }) => name));
  const names = new Set(endpoints.map(({ namespace }) => namespace).filter((name) => name !== "" && !known.has(name)));
  return [...names].map((name) => ({ name, labels: { [namespaceNameLabel]: name } }));
}

/** Whether a policy asks for labels of namespaces that only a Namespace can tell; their names are certain. */
function asksNamespaces(objects: readonly ReadObject[]): boolean {
  const asks = /\bpcns\.(?!kubernetes\.io\/metadata\.name\b|projectcalico\.org\/name\b)/;
  const ends = ({ source, destination }: Rule) => [
    source.selector,
    source.notSelector,
    destination.selector,
    destination.notSelector,
  ];
  return objects.some(({ at, output }) =>
    (at.sink.isRefused ? [] : (output.policies ?? [])).some(({ selector, ingress, egress }) =>
      [selector, ...[...ingress, ...egress].flatMap(ends)].some((each) => each !== undefined && asks.test(each.text)),
    ),
  );
}

function warnOf(namespace: string, objects: readonly ReadObject[]): void {
  const inside = objects.filter(({ output }) =>
    [...(output.endpoints ?? []), ...parts(output)].some((each) => each.namespace === namespace),
  );
  const [first] = inside.sort(by(({ at }) => at.sink.object));
  if (first === undefined) return;
  warn(first.at, {
    code: "namespace-not-given",
    message: `the labels of namespace ${namespace} are not known, and policies ask for such: taken as if it had none but its name`,
    hint: "Give its Namespace too: kubectl get namespaces -o yaml.",
  });
}

function parts({ templates = [] }: ReadObject["output"]): readonly WorldEndpoint[] {
  return templates.map(({ endpoint }) => endpoint);
}

function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}
