// What the mock answers about the service graph: its world at a level, capped with "and n more", and two windows compared.
import type { Window } from "../../src/apps/server/contract/common.ts";
import type { Edge, GraphDiff, GraphLevel, Health, ServiceGraph, Traffic, Vertex } from "../../src/model/graph.ts";
import { refuseBySentinel, windowOf, type Asked } from "./asked.ts";
import { matcherOf, sentinelOf } from "./filter.ts";
import { largeWorld, smallWorld, type GraphActor, type GraphLink, type GraphWorld } from "./graph-world.ts";

interface Draft {
  readonly vertex: Vertex;
  busy: number;
}

const empty: Traffic = {
  connections: 0,
  connectionsFailed: 0,
  connectionsDenied: 0,
  resets: 0,
  retransmits: 0,
  packets: 0,
  bytesSent: 0,
  bytesReceived: 0,
};
const wellKnown: Health = { state: "ok", because: [] };

function add(a: Traffic, b: Traffic): Traffic {
  const sum = { ...a };
  for (const key of Object.keys(empty) as (keyof typeof empty)[])
    if (key !== "rttUsMean" && key !== "http") sum[key] = a[key] + b[key];
  const rtt = Math.max(a.rttUsMean ?? 0, b.rttUsMean ?? 0);
  if (rtt > 0) sum.rttUsMean = rtt;
  const [one, other] = [a.http, b.http];
  if (one !== undefined && other !== undefined)
    sum.http = {
      requests: one.requests + other.requests,
      errors4xx: one.errors4xx + other.errors4xx,
      errors5xx: one.errors5xx + other.errors5xx,
      unanswered: one.unanswered + other.unanswered,
      latencyUsMedian: Math.max(one.latencyUsMedian ?? 0, other.latencyUsMedian ?? 0),
      latencyUsP95: Math.max(one.latencyUsP95 ?? 0, other.latencyUsP95 ?? 0),
    };
  else if (other !== undefined) sum.http = other;
  return sum;
}

function trafficOf(link: GraphLink, seconds: number): Traffic {
  const connections = Math.max(1, Math.round(link.rate * seconds));
  const failed = Math.round(connections * link.failed);
  const denied = Math.round(connections * link.denied);
  const through = connections - denied;
  const isSlow = link.latencyUs > 300_000;
  return {
    ...empty,
    connections,
    connectionsFailed: failed,
    connectionsDenied: denied,
    retransmits: isSlow ? Math.round(through / 3) : 0,
    packets: through * 9,
    bytesSent: Math.round((through * link.bytesPerConnection) / 4),
    bytesReceived: through * link.bytesPerConnection,
    ...(link.port.startsWith("udp") || through === 0 ? {} : { rttUsMean: isSlow ? 42_000 : 380 }),
    ...(link.http
      ? {
          http: {
            requests: connections * 3,
            errors4xx: Math.round(connections * 0.02),
            errors5xx: failed,
            unanswered: 0,
            latencyUsMedian: Math.round(link.latencyUs / 3),
            latencyUsP95: link.latencyUs,
          },
        }
      : {}),
  };
}

function healthOf(traffic: Traffic, protocol: string): Health {
  const because: string[] = [];
  const part = traffic.connectionsFailed / Math.max(1, traffic.connections);
  if (part > 0.01) because.push(`${Math.round(part * 100)} % of connections failed`);
  const p95 = traffic.http?.latencyUsP95 ?? 0;
  if (p95 > 300_000) because.push(`95 % of requests took up to ${Math.round(p95 / 1000)} ms`);
  if (part > 0.2) return { state: "failing", because };
  if (because.length > 0) return { state: "degraded", because };
  return protocol === "udp" ? { state: "unknown", because: ["UDP has no handshake to judge by"] } : wellKnown;
}

const severity = { ok: 0, unknown: 1, degraded: 2, failing: 3 } as const;

function worse(a: Health, b: Health): Health {
  return severity[b.state] > severity[a.state] ? b : a;
}

function keyOf(level: GraphLevel, end: GraphActor | string, endpoint: number): string {
  if (typeof end === "string") return `external/${end}`;
  const { cluster, namespace, kind, name, service } = end;
  if (level === "namespace") return `namespace/${cluster}/${namespace}`;
  if (level === "service" && service !== "") return `service/${cluster}/${namespace}/${service}`;
  if (level === "endpoint") return `endpoint/${cluster}/${namespace}/${kind}/${name}/${endpoint}`;
  return `workload/${cluster}/${namespace}/${kind}/${name}`;
}

function emptyVertex(level: GraphLevel, end: GraphActor | string, endpoint: number): Vertex {
  const id = keyOf(level, end, endpoint);
  const common = { members: 1, health: wellKnown, inbound: empty, outbound: empty, because: "" };
  if (typeof end === "string")
    return {
      ...common,
      id,
      kind: "external",
      cluster: "",
      namespace: "",
      workload: "",
      name: end,
      services: [],
      simulated: false,
    };
  const { cluster, namespace, kind, name, service, simulated } = end;
  const services = service === "" ? [] : [service];
  const place = { ...common, id, cluster, namespace, simulated };
  if (level === "namespace") return { ...place, kind: "namespace", workload: "", name: namespace, services: [] };
  if (level === "endpoint")
    return {
      ...place,
      kind: "endpoint",
      workload: name,
      workloadKind: kind,
      name: `${name}-7c9d-${endpoint}`,
      services,
    };
  if (level === "service" && service !== "")
    return { ...place, kind: "service", workload: "", name: service, services };
  return { ...place, kind: "workload", workload: "", workloadKind: kind, name, services };
}

interface Question {
  readonly level: GraphLevel;
  readonly matches: (row: object) => boolean;
  readonly seconds: number;
  readonly window: Window;
  readonly age: "new" | "old";
  readonly idle: boolean;
}

function rowOf({ from, to, port, denied }: GraphLink): object {
  const outside = typeof to === "string";
  return {
    cluster: from.cluster,
    sourceNamespace: from.namespace,
    sourceWorkload: from.name,
    sourceKind: from.kind,
    destinationNamespace: outside ? "" : to.namespace,
    destinationWorkload: outside ? "" : to.name,
    destinationService: outside ? "" : to.service,
    destinationDomain: outside ? to : "",
    destinationPort: Number(port.split("/")[1]),
    protocol: port.split("/")[0],
    verdict: denied === 1 ? "deny" : "allow",
  };
}

/** Every vertex and edge, nothing merged yet. */
function whole(world: GraphWorld, question: Question): { drafts: Map<string, Draft>; edges: Map<string, Edge> } {
  const drafts = new Map<string, Draft>();
  const edges = new Map<string, Edge>();
  const { level } = question;
  const draftOf = (end: GraphActor | string, endpoint: number): Draft => {
    const id = keyOf(level, end, endpoint);
    const known = drafts.get(id) ?? { vertex: emptyVertex(level, end, endpoint), busy: 0 };
    drafts.set(id, known);
    return known;
  };
  const counted = new Set<string>();
  const count = (end: GraphActor | string): void => {
    if (typeof end === "string" || counted.has(keyOf("workload", end, 0))) return;
    counted.add(keyOf("workload", end, 0));
    for (let endpoint = 0; endpoint < (level === "endpoint" ? end.endpoints : 1); endpoint += 1) {
      const { vertex } = draftOf(end, endpoint);
      vertex.workloads = level === "endpoint" ? 0 : (vertex.workloads ?? 0) + 1;
      vertex.endpoints = level === "endpoint" ? 1 : (vertex.endpoints ?? 0) + end.endpoints;
      vertex.endpointsNotReady =
        (vertex.endpointsNotReady ?? 0) + (level === "endpoint" ? Number(endpoint < end.notReady) : end.notReady);
    }
  };
  for (const link of world.links) {
    if (link.only !== undefined && link.only !== question.age) continue;
    if (!question.matches(rowOf(link))) continue;
    count(link.from);
    count(link.to);
    const parts = level === "endpoint" ? link.from.endpoints : 1;
    for (let part = 0; part < parts; part += 1) addLink({ ...link, rate: link.rate / parts }, part);
  }
  if (question.idle) for (const actor of world.actors) count(actor);
  return { drafts, edges };

  function addLink(link: GraphLink, part: number): void {
    const traffic = trafficOf(link, question.seconds);
    const health = healthOf(traffic, link.port.split("/")[0] ?? "");
    const source = draftOf(link.from, part);
    const destination = draftOf(link.to, typeof link.to === "string" ? 0 : part % link.to.endpoints);
    source.busy += traffic.connections;
    destination.busy += traffic.connections;
    if (source === destination) {
      source.vertex.inside = add(source.vertex.inside ?? empty, traffic);
      return;
    }
    source.vertex.outbound = add(source.vertex.outbound, traffic);
    destination.vertex.inbound = add(destination.vertex.inbound, traffic);
    destination.vertex.health = worse(destination.vertex.health, health);
    mergeEdge(edges, {
      id: `${source.vertex.id}→${destination.vertex.id}`,
      source: source.vertex.id,
      destination: destination.vertex.id,
      ports: [link.port],
      portsOmitted: 0,
      services: typeof link.to === "string" || link.to.service === "" ? [] : [link.to.service],
      verdicts: {
        allow: traffic.connections - traffic.connectionsDenied,
        deny: traffic.connectionsDenied,
        unknown: 0,
      },
      traffic,
      health,
      reportedBy: typeof link.to === "string" ? "source" : "both",
      firstSeen: question.window.since,
      lastSeen: question.window.until,
    });
  }
}

function mergeEdge(edges: Map<string, Edge>, edge: Edge): void {
  const known = edges.get(edge.id);
  if (known === undefined) {
    edges.set(edge.id, edge);
    return;
  }
  edges.set(edge.id, {
    ...known,
    ports: [...new Set([...known.ports, ...edge.ports])].slice(0, 8),
    services: [...new Set([...known.services, ...edge.services])],
    verdicts: {
      allow: known.verdicts.allow + edge.verdicts.allow,
      deny: known.verdicts.deny + edge.verdicts.deny,
      unknown: known.verdicts.unknown + edge.verdicts.unknown,
    },
    traffic: add(known.traffic, edge.traffic),
    health: worse(known.health, edge.health),
  });
}

/** The least busy beyond the cap become one "n more" vertex per namespace. */
function capped(
  { drafts, edges }: ReturnType<typeof whole>,
  level: GraphLevel,
  cap: { readonly verticesMax: number; readonly open: ReadonlySet<string> },
): ServiceGraph {
  const all = [...drafts.values()].sort((a, b) => b.busy - a.busy);
  const moreId = ({ cluster, namespace }: Vertex): string =>
    level === "namespace" ? `more/${cluster}` : `more/${cluster}/${namespace}`;
  const kept = new Set(
    all
      .filter(({ vertex }, index) => index < cap.verticesMax || cap.open.has(moreId(vertex)))
      .map(({ vertex }) => vertex.id),
  );
  const vertices = new Map<string, Vertex>();
  const shownAs = (id: string): string => (kept.has(id) ? id : moreId((drafts.get(id) as Draft).vertex));
  for (const { vertex } of all) {
    if (kept.has(vertex.id)) vertices.set(vertex.id, vertex);
    else foldInto(vertices, moreId(vertex), vertex);
  }
  const shown = new Map<string, Edge>();
  for (const edge of edges.values()) {
    const [source, destination] = [shownAs(edge.source), shownAs(edge.destination)];
    if (source !== destination) mergeEdge(shown, { ...edge, source, destination, id: `${source}→${destination}` });
  }
  const endpoints = all.reduce((sum, { vertex }) => sum + (vertex.endpoints ?? 0), 0);
  return {
    level,
    vertices: [...vertices.values()],
    edges: [...shown.values()],
    omitted: { vertices: all.length - kept.size, edges: edges.size - shown.size },
    totals: { vertices: all.length, edges: edges.size, endpoints },
  };
}

function foldInto(vertices: Map<string, Vertex>, id: string, vertex: Vertex): void {
  const known = vertices.get(id);
  const members = (known?.members ?? 0) + 1;
  const { workloadKind: _, inside: __, ...rest } = vertex;
  vertices.set(id, {
    ...rest,
    id,
    kind: "more",
    workload: "",
    services: [],
    members,
    name: `${members} more`,
    workloads: (known?.workloads ?? 0) + (vertex.workloads ?? 0),
    endpoints: (known?.endpoints ?? 0) + (vertex.endpoints ?? 0),
    endpointsNotReady: (known?.endpointsNotReady ?? 0) + (vertex.endpointsNotReady ?? 0),
    inbound: add(known?.inbound ?? empty, vertex.inbound),
    outbound: add(known?.outbound ?? empty, vertex.outbound),
    health: worse(known?.health ?? wellKnown, vertex.health),
  });
}

function graphOf(asked: Asked, window: Window, age: "new" | "old" = "new"): ServiceGraph {
  const q = asked.query["q"] ?? "";
  const level = (asked.query["level"] ?? "service") as GraphLevel;
  const sentinel = sentinelOf(q);
  const world = sentinel === "large" ? largeWorld() : sentinel === "empty" ? { actors: [], links: [] } : smallWorld;
  const seconds = Math.max(1, (Date.parse(window.until) - Date.parse(window.since)) / 1000);
  const idle = asked.query["idle"] === "workloads";
  const everything = whole(world, { level, matches: matcherOf(q), seconds, window, age, idle });
  const open = new Set<string>((asked.query["open"] ?? "").split(","));
  return capped(everything, level, { verticesMax: Number(asked.query["verticesMax"] ?? 120), open });
}

/** The same question for two windows; the older one has less trouble and another edge. */
function diffOf(asked: Asked, before: Window, window: Window): GraphDiff {
  const [old, now] = [graphOf(asked, before, "old"), graphOf(asked, window, "new")];
  const idsOf = (a: readonly { id: string }[], b: readonly { id: string }[]): readonly string[] => [
    ...new Set([...a, ...b].map(({ id }) => id)),
  ];
  const calm = (edge: Edge | undefined): Edge | undefined =>
    edge === undefined ? undefined : { ...edge, health: wellKnown, traffic: { ...edge.traffic, connectionsFailed: 0 } };
  return {
    level: now.level,
    vertices: idsOf(old.vertices, now.vertices).map((id) => {
      const [a, b] = [old.vertices.find((each) => each.id === id), now.vertices.find((each) => each.id === id)];
      const state = a === undefined ? "added" : b === undefined ? "removed" : "same";
      return { id, state, ...(a === undefined ? {} : { before: a }), ...(b === undefined ? {} : { after: b }) };
    }),
    edges: idsOf(old.edges, now.edges).map((id) => {
      const a = calm(old.edges.find((each) => each.id === id));
      const b = now.edges.find((each) => each.id === id);
      const failed = b === undefined ? 0 : b.traffic.connectionsFailed / Math.max(1, b.traffic.connections);
      const changes =
        a !== undefined && failed > 0.02 ? [`failed connections 0 % -> ${Math.round(failed * 100)} %`] : [];
      const state = a === undefined ? "added" : b === undefined ? "removed" : changes.length > 0 ? "changed" : "same";
      return {
        id,
        state,
        changes,
        ...(a === undefined ? {} : { before: a }),
        ...(b === undefined ? {} : { after: b }),
      };
    }),
  };
}

function serviceGraph(asked: Asked) {
  refuseBySentinel(sentinelOf(asked.query["q"] ?? ""));
  const window = windowOf(asked);
  return { graph: graphOf(asked, window), window };
}

function graphDiff(asked: Asked) {
  refuseBySentinel(sentinelOf(asked.query["q"] ?? ""));
  const { beforeSince = "", beforeUntil = "" } = asked.query;
  const window = windowOf(asked);
  const before = windowOf({ ...asked, query: { ...asked.query, since: beforeSince, until: beforeUntil } });
  return { diff: diffOf(asked, before, window), before, window };
}

export const graphAnswers = { serviceGraph, graphDiff };
