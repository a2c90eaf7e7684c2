// Just enough of the filter grammar for the mock: field:value terms over rows, with the errors and positions of the real one.
import { tokensOf } from "../src/kit/filter-text.ts";
import { Refusal } from "./refusal.ts";

export const fieldNotes = {
  ns: "namespace, either end",
  from: "source: workload, service, pod or address",
  to: "destination: workload, service, pod or domain",
  workload: "workload, either end",
  kind: "kind of workload",
  verdict: "allow, deny, unknown",
  port: "destination port",
  process: "short name of the process",
  proto: "tcp, udp, icmp",
  cluster: "cluster",
  node: "node",
  rcode: "DNS result",
  failed: "connections that failed, e.g. >0",
  action: "what a process or file event did",
  service: "service that was dialled",
  pod: "pod, either end",
  domain: "DNS name of the destination",
  waf: "what the WAF did",
  "rule-id": "number of the rule",
  severity: "severity of a detection",
  rule: "rule of a detection",
  technique: "ATT&CK technique",
  source: "who detected it",
  ip: "address, either end",
  mock: "mock only: forbidden, unavailable, partial, empty, slow, young, blind, calm, large",
} as const;

const columns: Readonly<Record<string, readonly string[]>> = {
  ns: ["namespace", "sourceNamespace", "destinationNamespace"],
  from: ["sourceWorkload", "sourceAddress"],
  to: ["destinationWorkload", "destinationDomain", "destinationService", "destinationAddress"],
  workload: ["workload", "name", "sourceWorkload", "destinationWorkload"],
  kind: ["kind", "workloadKind", "sourceKind", "destinationKind"],
  verdict: ["verdict"],
  port: ["destinationPort"],
  process: ["process", "name"],
  proto: ["protocol"],
  cluster: ["cluster"],
  node: ["node"],
  rcode: ["responseCode"],
  failed: ["connectionsFailed"],
  action: ["action"],
  service: ["destinationService", "service"],
  pod: ["sourcePod", "destinationPod", "pod"],
  domain: ["destinationDomain"],
  waf: ["verdict"],
  "rule-id": ["ruleIds"],
  severity: ["severity"],
  rule: ["rule"],
  technique: ["techniques"],
  source: ["source"],
  ip: ["clientAddress", "sourceAddress", "destinationAddress"],
};

/** `from.ns:` and the like: one end only. */
const sided: Readonly<Record<string, readonly string[]>> = {
  "from.ns": ["sourceNamespace"],
  "to.ns": ["destinationNamespace"],
  "from.ip": ["clientAddress", "sourceAddress"],
  "from.kind": ["sourceKind"],
  "to.kind": ["destinationKind"],
};

/** `from:shop/checkout`: a name in its namespace. */
function placedNames(field: string, row: Row): readonly string[] {
  if (field === "from") return [`${textIn(row["sourceNamespace"])}/${textIn(row["sourceWorkload"])}`.toLowerCase()];
  if (field !== "to") return [];
  const namespace = textIn(row["destinationNamespace"]);
  return ["destinationWorkload", "destinationService"].map((column) =>
    `${namespace}/${textIn(row[column])}`.toLowerCase(),
  );
}

type Row = Readonly<Record<string, unknown>>;

function textIn(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** The rows that match all terms. Throws a Fault with `where: "q:<position>"` for an unknown field. */
export function matcherOf(q: string): (row: object) => boolean {
  const terms = tokensOf(q).map((token) => {
    const unknown = token.field !== "" && !Object.hasOwn(fieldNotes, token.field) && !Object.hasOwn(sided, token.field);
    if (unknown)
      throw new Refusal(`there is no field "${token.field}"`, {
        code: "filter/unknown-field",
        kind: "usage",
        hint: `Known fields: ${Object.keys(fieldNotes).slice(0, -1).join(", ")}.`,
        where: `q:${token.start + (token.negated ? 1 : 0)}`,
      });
    const values = q.slice(token.valueStart, token.end).replaceAll('"', "").toLowerCase().split(",");
    return { field: token.field, negated: token.negated, values };
  });
  return (given) => {
    const row = given as Row;
    return terms.every(({ field, negated, values }) => {
      if (field === "mock") return true;
      const texts =
        field === ""
          ? [JSON.stringify(row).toLowerCase()]
          : [
              ...(sided[field] ?? columns[field] ?? []).flatMap((column) =>
                [row[column]].flat().map((value) => textIn(value).replace("::ffff:", "").toLowerCase()),
              ),
              ...placedNames(field, row),
            ];
      const isHit = (value: string, text: string): boolean => {
        if (field === "") return text.includes(value);
        return value.startsWith(">") ? Number(text) > Number(value.slice(1)) : text === value;
      };
      const hit = values.some((value) => texts.some((text) => isHit(value, text)));
      return hit !== negated;
    });
  };
}

/** The sentinel in a filter, e.g. "forbidden" for `mock:forbidden`; how tests and people see every designed state. */
export function sentinelOf(q: string): string {
  return /(?:^|\s)mock:(\w+)/.exec(q)?.[1] ?? "";
}
