// The graph as text for other programs: Graphviz DOT and Mermaid. Names come from outside: they are escaped so that none can end its
// label, and nothing of them is read as markup.
import type { Edge, ServiceGraph, Vertex } from "../../model/graph.ts";
import { duration } from "./health.ts";

/** A digraph with a cluster per namespace. Health is colour and, where it is bad, the first reason in the label. */
export function dotOf({ vertices, edges }: ServiceGraph): string {
  const lines = ["digraph garrison {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];'];
  let index = 0;
  for (const [place, members] of placesOf(vertices)) {
    const indent = place === "" ? "  " : "    ";
    if (place !== "") lines.push(`  subgraph cluster_${index} {`, `    label=${dotText(place)};`);
    for (const vertex of members)
      lines.push(`${indent}${dotText(vertex.id)} [label=${dotText(vertexLabel(vertex))}${dotStyle(vertex)}];`);
    if (place !== "") lines.push("  }");
    index += 1;
  }
  for (const edge of edges) {
    const color = edgeColor[edge.health.state];
    lines.push(
      `  ${dotText(edge.source)} -> ${dotText(edge.destination)} [label=${dotText(edgeLabel(edge))}, color="${color}"];`,
    );
  }
  return `${[...lines, "}"].join("\n")}\n`;
}

const edgeColor = { ok: "#4b7f52", degraded: "#b7791f", failing: "#c53030", unknown: "#8a8f98" } as const;

function dotStyle({ kind, health }: Vertex): string {
  const style = kind === "external" || kind === "unknown" ? ", style=dashed" : kind === "more" ? ", style=rounded" : "";
  const isIll = health.state === "failing" || health.state === "degraded";
  return isIll ? `${style}, color="${edgeColor[health.state]}"` : style;
}

function dotText(text: string): string {
  return `"${plain(text).replaceAll(/["\\]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}

/** A flowchart, left to right, with a subgraph per namespace. */
export function mermaidOf({ vertices, edges }: ServiceGraph): string {
  const lines = ["flowchart LR"];
  const names = new Map(vertices.map(({ id }, index) => [id, `v${index}`]));
  let index = 0;
  for (const [place, members] of placesOf(vertices)) {
    const indent = place === "" ? "  " : "    ";
    if (place !== "") lines.push(`  subgraph p${index}[${mermaidText(place)}]`);
    for (const vertex of members) lines.push(`${indent}${names.get(vertex.id)}${mermaidShape(vertex)}`);
    if (place !== "") lines.push("  end");
    index += 1;
  }
  for (const edge of edges) {
    const arrow = edge.health.state === "failing" || edge.health.state === "degraded" ? "-.->" : "-->";
    lines.push(`  ${names.get(edge.source)} ${arrow}|${mermaidText(edgeLabel(edge))}| ${names.get(edge.destination)}`);
  }
  return `${lines.join("\n")}\n`;
}

function mermaidShape(vertex: Vertex): string {
  const text = mermaidText(vertexLabel(vertex));
  switch (vertex.kind) {
    case "external":
    case "unknown":
      return `([${text}])`;
    case "more":
      return `{{${text}}}`;
    default:
      return `[${text}]`;
  }
}

/** Mermaid has no escape inside quotes but entities: everything that is not a letter, digit or plain sign becomes one. */
function mermaidText(text: string): string {
  const safe = plain(text).replaceAll(/[^\p{L}\p{N}\p{M} .,:/%()_+-]/gu, (char) =>
    char === "\n" ? "<br/>" : `#${char.codePointAt(0)};`,
  );
  return `"${safe}"`;
}

/** Control characters, and signs that turn the direction of writing, have no place in a label. */
function plain(text: string): string {
  return text.replaceAll(/(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, "\ufffd");
}

/** Namespaces (with their cluster when there are several), in the vertices' order; "" for what has none. */
function placesOf(vertices: readonly Vertex[]): ReadonlyMap<string, readonly Vertex[]> {
  const hasClusters = new Set(vertices.map(({ cluster }) => cluster)).size > 1;
  return Map.groupBy(vertices, ({ cluster, namespace, kind }) => {
    const place = kind === "namespace" ? "" : namespace;
    return [...(hasClusters ? [cluster] : []), place].filter((part) => part !== "").join("/");
  });
}

function vertexLabel({ name, kind, health, workloadKind, simulated }: Vertex): string {
  const what = kind === "workload" ? (workloadKind ?? kind) : kind;
  const ill =
    health.state === "failing" || health.state === "degraded" ? `\n${health.state}: ${health.because[0] ?? ""}` : "";
  return `${name}\n${what}${simulated ? ", demo" : ""}${ill}`;
}

function edgeLabel({ traffic, ports, health }: Edge): string {
  const { connections, connectionsFailed, http } = traffic;
  const parts = [
    ports.slice(0, 2).join(" "),
    http === undefined ? `${connections + connectionsFailed} conn` : `${http.requests} req`,
    ...(http?.latencyUsMedian === undefined ? [] : [duration(http.latencyUsMedian)]),
  ].filter((part) => part !== "");
  const ill = health.state === "failing" || health.state === "degraded" ? `\n${health.because[0] ?? health.state}` : "";
  return `${parts.join(", ")}${ill}`;
}
