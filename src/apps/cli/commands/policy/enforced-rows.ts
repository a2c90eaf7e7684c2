// What a node made of its policies, as the enforcement commands print it: one row a policy, then the node as a whole.
import type { EnforcementStatus } from "../../../../model/enforcement-status.ts";
import type { ResourceStatus } from "../../../../model/resource.ts";
import type { Context } from "../../context.ts";
import { harmless } from "../../output/harmless.ts";
import { render, type Sheet } from "../../output/format.ts";
import { formatOf, printDocument } from "./words.ts";

export interface EnforcedRow {
  readonly kind: string;
  readonly name: string;
  readonly scope: string;
  readonly state: string;
  readonly because: string;
  readonly enforcement?: EnforcementStatus;
}

export interface Enforced {
  /** Of the Enforcement resource; undefined when none is for the node, or the node said nothing yet. */
  readonly node: EnforcedRow | undefined;
  readonly rows: readonly EnforcedRow[];
}

export function rowOf({ kind, name, scope, state, because, enforcement }: ResourceStatus): EnforcedRow {
  return {
    kind,
    name,
    scope,
    state: enforcement?.state ?? state,
    because,
    ...(enforcement === undefined ? {} : { enforcement }),
  };
}

export function enforcedOf(statuses: readonly ResourceStatus[]): Enforced {
  // Of several scopes the one that decides says more than "another one decides".
  const nodes = statuses.filter(({ kind, enforcement }) => kind === "Enforcement" && enforcement?.node !== undefined);
  const rows = statuses.filter(({ kind }) => kind !== "Enforcement").map(rowOf);
  const node = nodes[0] === undefined ? undefined : rowOf(nodes[0]);
  return { node, rows: rows.sort((one, other) => (one.kind + one.name < other.kind + other.name ? -1 : 1)) };
}

export async function printEnforced(context: Context, enforced: Enforced): Promise<void> {
  const format = formatOf(context);
  if (format !== "table") return printDocument(context, format, { node: enforced.node, items: enforced.rows });
  await context.print(render(enforced.rows, sheet(context), { format, width: context.width }));
  for (const line of receiptLines(context, enforced.rows)) await context.print(`${line}\n`);
  context.say(nodeWords(enforced.node, context.nowMs()));
}

const good = new Set(["enforced", "applied"]);
const bad = new Set(["refused", "failed", "taken-back", "broken-glass"]);

function sheet(context: Context): Sheet<EnforcedRow> {
  const { paint } = context;
  const painted = (state: string) =>
    good.has(state) ? paint.good(state) : bad.has(state) ? paint.bad(state) : paint.odd(state);
  return {
    name: ({ kind, name }) => `${kind}/${name}`,
    columns: [
      { title: "policy", value: ({ kind, name }) => (kind === "Policy" ? name : `${kind} ${name}`) },
      { title: "state", value: ({ state }) => painted(state) },
      { title: "ends here", value: ({ enforcement }) => String(enforcement?.endpoints ?? "-"), align: "right" },
      { title: "allowed", value: ({ enforcement }) => String(enforcement?.counters?.allowed ?? "-"), align: "right" },
      { title: "denied", value: ({ enforcement }) => String(enforcement?.counters?.denied ?? "-"), align: "right" },
      { title: "because", value: ({ because }) => because },
    ],
  };
}

/** Each connection that was tried, as a line. */
function receiptLines({ paint }: Context, rows: readonly EnforcedRow[]): readonly string[] {
  return rows.flatMap(({ name, enforcement }) =>
    (enforcement?.receipt?.probes ?? []).map(({ source, destination, port, protocol, expected, outcome, isProved }) => {
      const mark = isProved ? paint.good("proved") : paint.bad("not proved");
      const ends = `${short(source)} -> ${short(destination)} ${port}/${protocol}`;
      return harmless(`  ${mark}  ${name}: ${ends} is ${expected === "allow" ? "allowed" : "denied"} (${outcome})`);
    }),
  );
}

function short(endpoint: string): string {
  return endpoint.replace(/^pod\//, "");
}

export function nodeWords(node: EnforcedRow | undefined, nowMs: number): string {
  if (node?.enforcement === undefined) return "nothing is enforced on this node: it has no Enforcement resource";
  const { digest, node: about } = node.enforcement;
  const more = [
    about?.takenBackAtMs === undefined
      ? ""
      : `taken back in ${Math.max(0, Math.ceil((about.takenBackAtMs - nowMs) / 1000))} s unless confirmed: garrison policy apply --confirm ${digest}`,
    about?.liveFlows === undefined
      ? ""
      : `${about.cutFlows ?? 0} of ${about.liveFlows} live connections denied by the change`,
    about !== undefined && about.connectionsCut > 0 ? `${about.connectionsCut} open connections were ended` : "",
    about !== undefined && about.repairs > 0 ? `${about.repairs} times somebody else's change was repaired` : "",
    ...node.enforcement.problems,
  ].filter((part) => part !== "");
  return [`node: ${node.state}, ${node.because}`, ...more.map((part) => `      ${part}`)].join("\n");
}

/** 3: refused until a person confirms it. 7: in the kernel, but not all of it proved. 1: it failed. */
export function codeOf({ node, rows }: Enforced): number {
  const state = node?.state ?? "off";
  if (state === "refused" || state === "taken-back") return 3;
  if (state === "failed" || state === "broken-glass") return 1;
  return rows.some((row) => row.state === "unproved" || bad.has(row.state)) ? 7 : 0;
}
