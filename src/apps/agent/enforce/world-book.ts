// The world as this node knows it: identities that the server tells and namespaces of its own, kept so that engines hear only of what changed.
import { parseAddress } from "../../../base/ip.ts";
import type { World, WorldEndpoint } from "../../../core/policy/world.ts";
import type { IdentityEntry } from "../../../model/identity-entry.ts";
import type { LocalFound } from "./local-found.ts";
import { protocolNumber } from "./protocol-number.ts";
import { createWorldRest } from "./world-rest.ts";

export interface WorldSources {
  /** Everything that lives; looked at only where `changed` is not known. */
  readonly entries: Iterable<IdentityEntry>;
  /** By key: all that came, changed or (undefined) ended since the last update. */
  readonly changed?: ReadonlyMap<string, IdentityEntry | undefined> | undefined;
  readonly locals: readonly LocalFound[];
  /** Of the node's namespace: which link leads to exactly this address. */
  readonly interfaces: ReadonlyMap<string, string>;
  /** Why the identities are not whole; "" when they are. */
  readonly incomplete: string;
}

export interface WorldChange {
  readonly put: readonly WorldEndpoint[];
  readonly remove: readonly string[];
  /** Namespaces, services, ranges or completeness, where they changed. */
  readonly rest: Partial<World>;
  /** Of `rest.services` those that changed: "namespace/name". */
  readonly services: readonly string[];
  /** Addresses that these endpoints have, or had before. */
  readonly addresses: readonly string[];
  readonly isNothing: boolean;
}

export interface WorldBook {
  readonly world: World;
  /** Endpoints whose packets this node forwards, with the link that leads to each ("" when not known or shared). */
  readonly local: readonly { readonly endpoint: string; readonly interfaceName: string }[];
  update(sources: WorldSources): WorldChange;
  /** The endpoint that has an address now. */
  at(address: string): WorldEndpoint | undefined;
}

export function createWorldBook(node: string): WorldBook {
  return new BookOfWorld(node);
}

class BookOfWorld implements WorldBook {
  readonly #node: string;
  readonly #entries = new Map<string, IdentityEntry>();
  /** Keys of entries that are one endpoint, the first that came first: a pod and its successor of the same name. */
  readonly #keys = new Map<string, string[]>();
  readonly #known = new Map<string, WorldEndpoint>();
  readonly #byAddress = new Map<string, readonly WorldEndpoint[]>();
  /** Workloads of this node. */
  readonly #here = new Map<string, { readonly endpoint: string; readonly interfaceName: string }>();
  readonly #made = new WeakMap<object, WorldEndpoint>();
  readonly #rest = createWorldRest();
  #locals = new Map<string, LocalFound>();
  #local: WorldBook["local"] = [];
  #world: World | undefined;

  constructor(node: string) {
    this.#node = node;
  }

  get world(): World {
    return (this.#world ??= { ...this.#rest.now, serviceAccounts: [], endpoints: [...this.#known.values()] });
  }

  get local(): WorldBook["local"] {
    return this.#local;
  }

  at(address: string): WorldEndpoint | undefined {
    const found = this.#byAddress.get(address);
    return found?.find(({ id }) => this.#locals.has(id)) ?? found?.[0];
  }

  update(sources: WorldSources): WorldChange {
    const touched = this.#takeEntries(sources.changed ?? this.#differences(sources.entries));
    for (const id of this.#takeLocals(sources.locals)) touched.add(id);
    // Routes may have changed under endpoints of this node.
    for (const id of this.#here.keys()) touched.add(id);
    const linkTo = linksOf(sources.interfaces);
    const put: WorldEndpoint[] = [];
    const remove: string[] = [];
    const addresses: string[] = [];
    let isLocal = false;
    for (const id of touched) {
      const before = this.#known.get(id);
      const now = this.#make(id, linkTo);
      if (before === now) continue;
      if (now === undefined) remove.push(id);
      else put.push(now);
      addresses.push(...(before?.addresses ?? []), ...(now?.addresses ?? []));
      isLocal = this.#replace(before, now) || isLocal;
    }
    if (isLocal) this.#local = [...this.#here.values()];
    const { rest, services } = this.#rest.take(sources.locals, sources.incomplete);
    const isNothing = put.length + remove.length === 0 && Object.keys(rest).length === 0;
    if (!isNothing) this.#world = undefined;
    return { put, remove, rest, services, addresses, isNothing };
  }

  #differences(entries: Iterable<IdentityEntry>): ReadonlyMap<string, IdentityEntry | undefined> {
    const changed = new Map<string, IdentityEntry | undefined>();
    const living = new Set<string>();
    for (const entry of entries) {
      living.add(entry.key);
      if (this.#entries.get(entry.key) !== entry) changed.set(entry.key, entry);
    }
    for (const key of this.#entries.keys()) if (!living.has(key)) changed.set(key, undefined);
    return changed;
  }

  /** Ids of the endpoints that these are about. */
  #takeEntries(changed: ReadonlyMap<string, IdentityEntry | undefined>): Set<string> {
    const ids = new Set<string>();
    for (const [key, entry] of changed) {
      const before = this.#entries.get(key);
      if (before === entry) continue;
      if (entry === undefined) this.#entries.delete(key);
      else this.#entries.set(key, entry);
      this.#rest.touch(key, before, entry);
      const [was, is] = [before, entry].map((one) => (one === undefined ? undefined : idOf(one)));
      if (was !== undefined && was !== is) this.#setKeys(was, (keys) => keys.filter((one) => one !== key));
      if (is !== undefined && was !== is) this.#setKeys(is, (keys) => [...keys, key]);
      for (const id of [was, is]) if (id !== undefined) ids.add(id);
    }
    return ids;
  }

  #setKeys(id: string, change: (keys: readonly string[]) => string[]): void {
    const keys = change(this.#keys.get(id) ?? []);
    if (keys.length === 0) this.#keys.delete(id);
    else this.#keys.set(id, keys);
  }

  #takeLocals(found: readonly LocalFound[]): readonly string[] {
    const before = this.#locals;
    this.#locals = new Map(found.map((local) => [local.endpoint, local]));
    const ids = new Set([...before.keys(), ...this.#locals.keys()]);
    return [...ids].filter((id) => before.get(id) !== this.#locals.get(id));
  }

  /** The same object again while nothing about it changed. */
  #make(id: string, linkTo: (addresses: readonly string[]) => string): WorldEndpoint | undefined {
    const local = this.#locals.get(id);
    if (local !== undefined) {
      const link = local.interfaceName ?? "";
      return this.#madeOf(local, link === "" ? linkTo(local.addresses) : link, () => ofLocal(local, this.#node));
    }
    const entry = this.#entries.get(this.#keys.get(id)?.[0] ?? "");
    if (entry === undefined) return undefined;
    const isHere = entry.kind === "pod" && entry.node === this.#node && !entry.hostNetwork;
    return this.#madeOf(entry, isHere ? linkTo(entry.addresses) : "", () => ofEntry(entry, id));
  }

  #madeOf(source: object, interfaceName: string, make: () => WorldEndpoint): WorldEndpoint {
    const before = this.#made.get(source);
    if (before !== undefined && before.interfaceName === interfaceName) return before;
    const endpoint = { ...make(), interfaceName };
    this.#made.set(source, endpoint);
    return endpoint;
  }

  /** Whether one of this node's workloads came, went or changed. */
  #replace(before: WorldEndpoint | undefined, now: WorldEndpoint | undefined): boolean {
    for (const address of addressed(before)) {
      const left = (this.#byAddress.get(address) ?? []).filter((one) => one !== before);
      if (left.length === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, left);
    }
    for (const address of addressed(now))
      if (now !== undefined) this.#byAddress.set(address, [...(this.#byAddress.get(address) ?? []), now]);
    const id = now?.id ?? before?.id ?? "";
    if (now === undefined) this.#known.delete(id);
    else this.#known.set(id, now);
    const wasHere = this.#here.delete(id);
    const isHere = now?.kind === "workload" && now.node === this.#node;
    if (isHere) this.#here.set(id, placeOf(now));
    return wasHere || isHere;
  }
}

/** A pod in its node's network has the node's address: the address names the node. */
function addressed(endpoint: WorldEndpoint | undefined): readonly string[] {
  return endpoint === undefined || endpoint.kind === "hostNetwork" ? [] : endpoint.addresses;
}

function placeOf({ id, interfaceName }: WorldEndpoint) {
  return { endpoint: id, interfaceName };
}

/** The link that leads to these addresses, and to nobody else's; "" where there is none such. */
function linksOf(interfaces: ReadonlyMap<string, string>): (addresses: readonly string[]) => string {
  const counts = new Map<string, number>();
  for (const link of interfaces.values()) counts.set(link, (counts.get(link) ?? 0) + 1);
  return (addresses) => {
    const links = new Set(addresses.flatMap((address) => interfaces.get(address) ?? []));
    const [link = ""] = links;
    if (links.size !== 1) return "";
    const own = addresses.filter((address) => interfaces.get(address) === link).length;
    return (counts.get(link) ?? 0) > own ? "" : link;
  };
}

function idOf(entry: IdentityEntry): string | undefined {
  if (entry.kind === "pod") return `pod/${entry.namespace}/${entry.pod}`;
  return entry.kind === "node" ? `node/${entry.node}` : undefined;
}

function ofEntry(entry: IdentityEntry, id: string): WorldEndpoint {
  const isNode = entry.kind === "node";
  return {
    id,
    kind: isNode ? "node" : entry.hostNetwork ? "hostNetwork" : "workload",
    namespace: entry.namespace,
    name: isNode ? entry.node : entry.pod,
    labels: entry.labels ?? {},
    serviceAccount: entry.serviceAccount ?? "",
    addresses: entry.addresses.filter((address) => parseAddress(address) !== undefined),
    ports: (entry.namedPorts ?? []).map(({ name, protocol, port }) => ({
      name,
      protocol: protocolNumber(protocol),
      port,
    })),
    node: entry.node,
    workload: isNode || entry.workload === "" ? "" : `${entry.workloadKind}/${entry.workload}`,
    interfaceName: "",
  };
}

function ofLocal({ spec, addresses, endpoint }: LocalFound, node: string): WorldEndpoint {
  return {
    id: endpoint,
    kind: "workload",
    namespace: spec.namespace,
    name: spec.name,
    labels: spec.labels,
    serviceAccount: spec.serviceAccount,
    addresses,
    ports: spec.ports.map(({ name, protocol, port }) => ({ name, protocol: protocolNumber(protocol), port })),
    node,
    workload: "",
    interfaceName: "",
  };
}
