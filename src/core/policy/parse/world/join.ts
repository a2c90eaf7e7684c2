// The world of a set of objects: what they gave, joined; namespaces that only their members show are there with what is certain.
import type { World, WorldEndpoint } from "../../world.ts";
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
  const world: World = {
    namespaces: [...namespaces, ...implied(namespaces, endpoints)].sort(by(({ name }) => name)),
    serviceAccounts: [...serviceAccounts].sort(by(({ namespace, name }) => `${namespace}/${name}`)),
    endpoints,
    services: [...services].sort(by(({ namespace, name }) => `${namespace}/${name}`)),
    ranges: [],
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

function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}
