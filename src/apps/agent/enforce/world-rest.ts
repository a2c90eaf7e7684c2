// Of the policies' world what is no endpoint: namespaces, services with their backends, ranges. Only what an identity touched is made anew.
import type { World, WorldService } from "../../../core/policy/world.ts";
import type { IdentityEntry } from "../../../model/identity-entry.ts";
import type { LocalFound } from "./local-found.ts";
import { protocolNumber } from "./protocol-number.ts";

type Rest = Pick<World, "namespaces" | "services" | "ranges" | "incomplete">;

export interface WorldRest {
  readonly now: Rest;
  /** An entry came (`before` undefined), changed or ended (`entry` undefined). */
  touch(key: string, before: IdentityEntry | undefined, entry: IdentityEntry | undefined): void;
  /** What differs from the last time; `services`: names of those that do. */
  take(
    locals: readonly LocalFound[],
    incomplete: string,
  ): { readonly rest: Partial<Rest>; readonly services: readonly string[] };
}

export function createWorldRest(): WorldRest {
  return new RestBook();
}

class RestBook implements WorldRest {
  now: Rest = { namespaces: [], services: [], ranges: [], incomplete: "" };
  readonly #namespaces = new Map<string, IdentityEntry>();
  readonly #ranged = new Map<string, IdentityEntry>();
  readonly #serviceEntries = new Map<string, IdentityEntry>();
  /** Pods behind a service, by its name. */
  readonly #behind = new Map<string, Map<string, IdentityEntry>>();
  readonly #services = new Map<string, WorldService>();
  #locals: readonly LocalFound[] = [];
  readonly #touchedServices = new Set<string>();
  #isNamespaced = false;
  #isRanged = false;

  touch(key: string, before: IdentityEntry | undefined, entry: IdentityEntry | undefined): void {
    if (before !== undefined) this.#forget(key, before);
    if (entry !== undefined) this.#learn(key, entry);
  }

  take(locals: readonly LocalFound[], incomplete: string): ReturnType<WorldRest["take"]> {
    const rest: { -readonly [Key in keyof Rest]?: Rest[Key] } = {};
    if (this.#isNamespaced || !isSameList(locals, this.#locals)) {
      this.#locals = locals;
      const namespaces = namespacesOf(this.#namespaces.values(), locals);
      if (differs(namespaces, this.now.namespaces)) rest.namespaces = namespaces;
    }
    if (this.#isRanged) {
      const ranges = [...new Set([...this.#ranged.values()].flatMap((entry) => entry.ranges ?? []))].sort();
      if (differs(ranges, this.now.ranges)) rest.ranges = ranges;
    }
    const services = this.#takeServices();
    if (services.length > 0)
      rest.services = [...this.#services]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([, service]) => service);
    if (incomplete !== this.now.incomplete) rest.incomplete = incomplete;
    this.#isNamespaced = this.#isRanged = false;
    if (Object.keys(rest).length > 0) this.now = { ...this.now, ...rest };
    return { rest, services };
  }

  #forget(key: string, entry: IdentityEntry): void {
    if (this.#namespaces.delete(key)) this.#isNamespaced = true;
    if (this.#ranged.delete(key)) this.#isRanged = true;
    for (const name of servicesOf(entry)) {
      this.#touchedServices.add(name);
      if (entry.kind === "service") this.#serviceEntries.delete(name);
      else if (this.#behind.get(name)?.delete(key) === true && this.#behind.get(name)?.size === 0)
        this.#behind.delete(name);
    }
  }

  #learn(key: string, entry: IdentityEntry): void {
    if (entry.kind === "namespace") {
      this.#namespaces.set(key, entry);
      this.#isNamespaced = true;
    }
    if ((entry.ranges ?? []).length > 0) {
      this.#ranged.set(key, entry);
      this.#isRanged = true;
    }
    for (const name of servicesOf(entry)) {
      this.#touchedServices.add(name);
      if (entry.kind === "service") this.#serviceEntries.set(name, entry);
      else {
        const pods = this.#behind.get(name) ?? new Map<string, IdentityEntry>();
        this.#behind.set(name, pods.set(key, entry));
      }
    }
  }

  /** Names of services that are not as they were. */
  #takeServices(): readonly string[] {
    const changed: string[] = [];
    for (const name of this.#touchedServices) {
      const entry = this.#serviceEntries.get(name);
      const service = entry === undefined ? undefined : serviceOf(entry, this.#behind.get(name)?.values() ?? []);
      if (!differs(service, this.#services.get(name))) continue;
      changed.push(name);
      if (service === undefined) this.#services.delete(name);
      else this.#services.set(name, service);
    }
    this.#touchedServices.clear();
    return changed;
  }
}

/** Compared as text: small things that are made anew each time. */
function differs(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) !== JSON.stringify(right);
}

function isSameList(left: readonly LocalFound[], right: readonly LocalFound[]): boolean {
  return left.length === right.length && left.every((one, index) => one === right[index]);
}

function namespacesOf(entries: Iterable<IdentityEntry>, locals: readonly LocalFound[]): World["namespaces"] {
  const namespaces = new Map<string, Readonly<Record<string, string>>>();
  for (const { namespace, labels = {} } of entries)
    namespaces.set(namespace, { "kubernetes.io/metadata.name": namespace, ...labels });
  for (const { spec } of locals) {
    const before = namespaces.get(spec.namespace) ?? { "kubernetes.io/metadata.name": spec.namespace };
    namespaces.set(spec.namespace, { ...before, ...spec.namespaceLabels });
  }
  return [...namespaces]
    .map(([name, labels]) => ({ name, labels }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** "namespace/name" of a service itself, or of those that a pod stands behind. */
function servicesOf({ kind, namespace, services }: IdentityEntry): readonly string[] {
  if (kind === "service") return [`${namespace}/${services[0] ?? ""}`];
  return kind === "pod" ? services.map((name) => `${namespace}/${name}`) : [];
}

/** Pods say behind which services they stand; endpoints that are no pods stand in the service's entry. */
function serviceOf(entry: IdentityEntry, pods: Iterable<IdentityEntry>): WorldService {
  const outside = (entry.backends ?? []).map(({ address, protocol, port }) => ({
    address,
    protocol: protocolNumber(protocol),
    port,
  }));
  const backends = [...[...pods].flatMap((pod) => backendsOf(entry, pod)), ...outside];
  return { namespace: entry.namespace, name: entry.services[0] ?? "", addresses: entry.addresses, backends };
}

function backendsOf(service: IdentityEntry, pod: IdentityEntry): WorldService["backends"] {
  return service.ports.flatMap(({ protocol, targetPort, targetName }) => {
    const named = pod.namedPorts?.find((one) => one.name === targetName && one.protocol.toLowerCase() === protocol);
    const port = targetPort === 0 ? (named?.port ?? 0) : targetPort;
    return port === 0 ? [] : pod.addresses.map((address) => ({ address, protocol: protocolNumber(protocol), port }));
  });
}
