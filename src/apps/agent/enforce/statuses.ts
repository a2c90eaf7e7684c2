// A word on each resource for the server: what became of it, with the receipt. Pure.
import { sourcesShared } from "../../../core/policy/compile/place-problems.ts";
import {
  enforcementStatusLimits,
  type EnforcementStatus,
  type ProbeReceipt,
} from "../../../model/enforcement-status.ts";
import type { ResourceStatus } from "../../../model/resource.ts";
import type { InForce } from "./force.ts";
import type { Intent, Word } from "./intent.ts";

/** How the node as a whole stands to what is asked. */
export interface NodeWord {
  readonly state: EnforcementStatus["state"];
  readonly because: string;
  readonly node: NonNullable<EnforcementStatus["node"]>;
}

export interface PolicyReceipt {
  readonly timeMs: number;
  readonly probes: readonly ProbeReceipt[];
  /** Why it is not proved; "" when it is. */
  readonly because: string;
}

export interface StatusSources {
  readonly asked: Intent;
  readonly inForce: InForce | undefined;
  readonly word: NodeWord;
  /** "" when the kernel has exactly the rules. */
  readonly readBack: string;
  readonly receiptOf: (policy: string) => PolicyReceipt | undefined;
  readonly countersOf: (policy: string) => EnforcementStatus["counters"];
  /** Why a LocalEndpoint does not count, by its endpoint. */
  readonly refusedLocals: ReadonlyMap<string, string>;
  readonly endpointsOf: (policy: string) => number;
  /** Of the node, beside what compiling said. */
  readonly problems: readonly string[];
  /** Policies whose statuses carry everything; those beyond have state and reason only, so that a report stays small. */
  readonly detailedMax: number;
}

export function statusesOf(sources: StatusSources): readonly ResourceStatus[] {
  return sources.asked.words.map((word, index) => statusOf(word, sources, index < sources.detailedMax));
}

function statusOf(word: Word, sources: StatusSources, isDetailed: boolean): ResourceStatus {
  const { kind, scope, name, generation } = word.resource;
  const key = { kind, scope, name, generation };
  if (word.refused !== "")
    return { ...key, state: "refused", because: word.refused, enforcement: bare("refused", word.problems) };
  if (word.standsBack !== "") return { ...key, state: "applied", because: word.standsBack, enforcement: bare("off") };
  switch (kind) {
    case "Enforcement":
      return { ...key, ...ofNode(sources) };
    case "LocalEndpoint":
      return { ...key, ...ofLocal(word, sources) };
    default:
      return { ...key, ...ofPolicy(word, sources, isDetailed) };
  }
}

type Said = Pick<ResourceStatus, "state" | "because" | "enforcement">;

function bare(state: EnforcementStatus["state"], problems: readonly string[] = []): EnforcementStatus {
  const { problemsMax } = enforcementStatusLimits;
  return { state, digest: "", policyGeneration: 0, endpoints: 0, problems: problems.slice(0, problemsMax) };
}

function isBad(state: EnforcementStatus["state"]): boolean {
  return state === "refused" || state === "taken-back" || state === "failed" || state === "broken-glass";
}

function ofNode({ asked, inForce, word, readBack, problems }: StatusSources): Said {
  const compiled = (inForce?.compiled.problems ?? []).map(problemText);
  const enforcement: EnforcementStatus = {
    ...bare(word.state),
    digest: asked.digest,
    policyGeneration: inForce?.compiled.generation ?? 0,
    endpoints: asked.locals.length,
    problems: [...problems, ...compiled].slice(0, enforcementStatusLimits.problemsMax),
    node: word.node,
    ...(inForce === undefined ? {} : { receipt: { timeMs: inForce.sinceMs, readBack, probes: [] } }),
  };
  return { state: isBad(word.state) ? "refused" : "applied", because: word.because, enforcement };
}

function problemText({
  object,
  path,
  message,
}: {
  readonly object: string;
  readonly path: string;
  readonly message: string;
}) {
  return `${object}${path === "" ? "" : ` ${path}`}: ${message}`.slice(0, enforcementStatusLimits.problemLengthMax);
}

function ofLocal(word: Word, { asked, inForce, word: node, refusedLocals }: StatusSources): Said {
  const endpoint = asked.locals.find(({ resource }) => resource === word.resource)?.endpoint ?? "";
  const because = refusedLocals.get(endpoint) ?? "";
  if (because !== "") return { state: "refused", because, enforcement: bare("refused") };
  const isInForce = inForce?.intent.locals.some((local) => local.endpoint === endpoint) === true;
  return { state: "applied", because: "", enforcement: { ...bare(isInForce ? "enforced" : node.state), endpoints: 1 } };
}

/** A policy in force with the same text is enforced even while the change that is asked for is refused. */
function ofPolicy(word: Word, sources: StatusSources, isDetailed: boolean): Said {
  const { asked, inForce, word: node, readBack } = sources;
  const base = { ...bare(node.state, word.problems), digest: asked.digest };
  const [policy] = word.policies;
  if (policy === undefined || inForce === undefined || node.state === "off" || node.state === "preview")
    return { state: isBad(node.state) ? "refused" : "applied", because: node.because, enforcement: base };
  const isInForce = inForce.intent.policyDigests.get(policy) === asked.policyDigests.get(policy);
  if (!isInForce) return { state: "refused", because: node.because, enforcement: base };
  const receipt = sources.receiptOf(policy);
  const own = inForce.compiled.problems.filter(({ object }) => object === policy);
  const posable = own.find(({ code }) => code === sourcesShared)?.message;
  const compiled = own.filter(({ code }) => code !== sourcesShared).map(problemText);
  const notProved = whyNotProved({ readBack, receipt, compiled, posable });
  const isStaged = inForce.engine.set.policies.some(({ id, staged }) => id === policy && staged !== undefined);
  const counters = sources.countersOf(policy);
  const enforcement: EnforcementStatus = {
    ...base,
    state: isStaged ? "preview" : notProved === "" ? "enforced" : "unproved",
    policyGeneration: inForce.compiled.generation,
    endpoints: sources.endpointsOf(policy),
    problems: [...word.problems, ...compiled].slice(0, enforcementStatusLimits.problemsMax),
    ...(isDetailed && receipt !== undefined
      ? { receipt: { timeMs: receipt.timeMs, readBack, probes: [...receipt.probes] } }
      : {}),
    ...(isDetailed && counters !== undefined ? { counters } : {}),
  };
  const words = isStaged
    ? "staged: no packet is touched"
    : notProved === ""
      ? receiptWords(receipt)
      : `applied, not proved: ${notProved}`;
  return { state: "applied", because: words, enforcement };
}

function whyNotProved(given: {
  readonly readBack: string;
  readonly receipt: PolicyReceipt | undefined;
  readonly compiled: readonly string[];
  /** Why its endpoints may be posed as. */
  readonly posable: string | undefined;
}): string {
  const { readBack, receipt, compiled, posable } = given;
  if (readBack !== "") return `the kernel's rules differ: ${readBack}`;
  if (compiled[0] !== undefined) return `a part of it cannot be enforced and is closed: ${compiled[0]}`;
  if (posable !== undefined) return posable;
  return receipt === undefined ? "it was not tried yet" : receipt.because;
}

function receiptWords(receipt: PolicyReceipt | undefined): string {
  const tried = (receipt?.probes ?? []).map(
    ({ source, destination, port, protocol, expected }) =>
      `${source.replace("pod/", "")} to ${destination.replace("pod/", "")} ${port}/${protocol} ${expected === "allow" ? "passes" : "does not pass"}`,
  );
  return `enforced: rules read back, ${tried.join(", ")}`;
}
