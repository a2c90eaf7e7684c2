// The process that a detection speaks of with its ancestors and descendants, and what each of them did around that time.
// Whole rows are asked for by processId alone, which the table has an index for; who started whom is asked for in narrow rows; and there is an end of time.
import { formatInstant } from "../../../base/instant.ts";
import type { ResolvedWindow } from "../../../core/filter/window.ts";
import { because, run } from "./ask.ts";
import type { Deed, DetectionTree, TreeNode, TreeRequest } from "./detections-nouns.ts";
import { queryLimits } from "./limits.ts";
import type { ProcessNode } from "./queries.ts";
import { type QueryParts, selectList } from "./scan.ts";
import { shownRow, type StoredRow } from "./shown.ts";
import { type Bindings, createBindings, withinRaw } from "./sql.ts";

export interface TreeLimits {
  readonly ancestorsMax: number;
  readonly descendantsMax: number;
  readonly depthMax: number;
  readonly deedsMax: number;
}

type Place = Pick<TreeRequest, "cluster" | "node">;
type Found = { readonly nodes: readonly ProcessNode[]; readonly because: string };

/** Ancestors first (the farthest one first), then the process, then its descendants by generation and start. Empty: nothing of it is kept. */
export async function detectionTree(
  parts: QueryParts,
  request: TreeRequest,
  limits: TreeLimits,
): Promise<DetectionTree> {
  const { window, processId } = request;
  const reasons: string[] = [];
  const past = { sinceMs: window.sinceMs - queryLimits.processLookBackMs, untilMs: window.untilMs };
  const endMs = parts.clock.nowMs() + queryLimits.treeMs;
  const own = await lives(parts, request, { window: past, ids: [processId], endMs });
  reasons.push(own.because);
  const [self] = own.nodes;
  if (self === undefined) return { nodes: [], omitted: 0, because: because(...reasons) };
  const walk = { self, past, limits, reasons, endMs };
  // A container's processes are few: who started whom is read at once. Those of a machine are not.
  const { ancestors, below } =
    self.process.containerId === ""
      ? {
          ancestors: await ancestorsOf(parts, request, walk),
          below: await descendantsOf(parts, request, walk),
        }
      : await withinContainer(parts, request, walk);
  const all = [
    ...ancestors.map((node, index) => ({ node, generation: index - ancestors.length })),
    { node: self, generation: 0 },
    ...below.nodes,
  ];
  const deeds = await deedsOf(parts, request, { nodes: all.map(({ node }) => node), limits, reasons, endMs });
  return {
    nodes: all.map(({ node, generation }) => ({ ...node, generation, ...deeds(node) })),
    omitted: below.omitted,
    because: because(...reasons),
  };
}

interface Walk {
  readonly self: ProcessNode;
  readonly past: ResolvedWindow;
  readonly limits: TreeLimits;
  readonly reasons: string[];
  /** When it must be done; what is not known by then is said to be left out. */
  readonly endMs: number;
}

const timeOver = `looking took longer than ${queryLimits.treeMs / 1000} s: what is farther away was left out`;

/** For one more question: what is left, and a little where next to nothing is. */
function timeoutOf({ clock }: QueryParts, endMs: number): number {
  return Math.min(queryLimits.timeoutMs, Math.max(queryLimits.treeLastMs, endMs - clock.nowMs()));
}

/** Notes it where time is over. */
function isOver({ clock }: QueryParts, { endMs, reasons }: Pick<Walk, "endMs" | "reasons">): boolean {
  const over = clock.nowMs() >= endMs;
  if (over) reasons.push(timeOver);
  return over;
}

interface Below {
  readonly nodes: readonly { readonly node: ProcessNode; readonly generation: number }[];
  readonly omitted: number;
}

/** The same in two questions: who started whom in the container, then what is known of those that are wanted. */
async function withinContainer(
  parts: QueryParts,
  place: TreeRequest,
  { self, past, limits, reasons, endMs }: Walk,
): Promise<{ readonly ancestors: readonly ProcessNode[]; readonly below: Below }> {
  const bindings = createBindings();
  const container = bindings.bind(self.process.containerId, "String");
  const sql = `SELECT processId AS id, any(parentProcessId) AS parent, min(startTime) AS began FROM process_events
WHERE ${placed(bindings, place, past)} AND containerId = ${container} GROUP BY id ORDER BY began, id LIMIT ${queryLimits.treeSkeletonMax}`;
  const result = await run(parts, sql, bindings, {
    rowsMax: queryLimits.treeSkeletonMax,
    timeoutMs: timeoutOf(parts, endMs),
  });
  const isCut = result.rows.length >= queryLimits.treeSkeletonMax;
  reasons.push(
    because(
      result,
      isCut ? `only the oldest ${queryLimits.treeSkeletonMax} processes of the container were looked at` : "",
    ),
  );
  const parentOf = new Map(result.rows.map((row) => [String(row["id"]), String(row["parent"])]));
  const up = chainOf(self.process, parentOf, limits.ancestorsMax);
  const down = generationsOf(self.process.processId, parentOf, limits);
  const wanted = [...up, ...down.found.keys()];
  const found = wanted.length === 0 ? undefined : await lives(parts, place, { window: past, ids: wanted, endMs });
  if (found !== undefined) reasons.push(found.because);
  const byId = new Map(found?.nodes.map((node) => [node.process.processId, node]));
  const nodes = [...down.found].flatMap(([id, generation]) => {
    const node = byId.get(id);
    return node === undefined ? [] : [{ node, generation }];
  });
  return {
    ancestors: up.toReversed().flatMap((id) => byId.get(id) ?? []),
    below: { nodes, omitted: down.omitted },
  };
}

/** Ids of ancestors, nearest first; one outside of the container ends the chain and is asked for, too. */
function chainOf(
  { processId, parentProcessId }: ProcessNode["process"],
  parentOf: ReadonlyMap<string, string>,
  max: number,
): readonly string[] {
  const chain: string[] = [];
  const seen = new Set([processId]);
  for (
    let id: string | undefined = parentProcessId;
    id !== undefined && id !== "" && !seen.has(id) && chain.length < max;
  ) {
    seen.add(id);
    chain.push(id);
    id = parentOf.get(id);
  }
  return chain;
}

/** Descendants by generation, oldest first within one. */
function generationsOf(id: string, parentOf: ReadonlyMap<string, string>, { depthMax, descendantsMax }: TreeLimits) {
  const found = new Map<string, number>();
  let omitted = 0;
  let parents = new Set([id]);
  for (let generation = 1; generation <= depthMax && parents.size > 0; generation += 1) {
    const children = [...parentOf].flatMap(([child, parent]) =>
      parents.has(parent) && child !== id && !found.has(child) ? [child] : [],
    );
    const kept = children.slice(0, Math.max(0, descendantsMax - found.size));
    omitted += children.length - kept.length;
    for (const child of kept) found.set(child, generation);
    parents = new Set(kept);
  }
  return { found, omitted };
}

/** The farthest first. */
async function ancestorsOf(parts: QueryParts, place: TreeRequest, walk: Walk): Promise<readonly ProcessNode[]> {
  const { self, past, limits, reasons, endMs } = walk;
  const found: ProcessNode[] = [];
  const seen = new Set([self.process.processId]);
  let parent = self.process.parentProcessId;
  while (found.length < limits.ancestorsMax && parent !== "" && !seen.has(parent)) {
    if (isOver(parts, walk)) break;
    seen.add(parent);
    const up = await lives(parts, place, { window: past, ids: [parent], endMs });
    reasons.push(up.because);
    const [node] = up.nodes;
    if (node === undefined) break;
    found.unshift(node);
    parent = node.process.parentProcessId;
  }
  return found;
}

async function descendantsOf(parts: QueryParts, place: TreeRequest, walk: Walk): Promise<Below> {
  const { self, past, limits, reasons, endMs } = walk;
  const nodes: { readonly node: ProcessNode; readonly generation: number }[] = [];
  const seen = new Set([self.process.processId]);
  // No child is older than its parent; of a parent that has been there for days only the children of the last one are looked for.
  const sinceMs = Math.max(past.sinceMs, Math.min(Date.parse(self.process.startTime), place.window.sinceMs));
  const window = { sinceMs, untilMs: past.untilMs };
  let ids: readonly string[] = [self.process.processId];
  let omitted = 0;
  for (let generation = 1; generation <= limits.depthMax && ids.length > 0; generation += 1) {
    if (isOver(parts, walk)) break;
    const down = await childrenOf(parts, place, { window, ids, endMs });
    reasons.push(down.because);
    const fresh = down.ids.filter((id) => !seen.has(id));
    const room = Math.max(0, limits.descendantsMax - nodes.length);
    omitted += Math.max(0, fresh.length - room);
    ids = fresh.slice(0, room);
    if (ids.length === 0) break;
    for (const id of ids) seen.add(id);
    const found = await lives(parts, place, { window, ids, endMs });
    reasons.push(found.because);
    nodes.push(...found.nodes.map((node) => ({ node, generation })));
  }
  return { nodes, omitted };
}

interface LivesRequest {
  readonly window: ResolvedWindow;
  readonly ids: readonly string[];
  readonly endMs: number;
}

/** Ids of the processes that these started, oldest first. An index knows where parents are; of many it passes most of the window, so no more of a row is read than this takes. */
async function childrenOf(
  parts: QueryParts,
  place: Place,
  { window, ids, endMs }: LivesRequest,
): Promise<{ readonly ids: readonly string[]; readonly because: string }> {
  const bindings = createBindings();
  const sql = `SELECT processId AS id, min(startTime) AS began FROM process_events
WHERE ${placed(bindings, place, window)} AND parentProcessId IN ${bindings.bind(ids, "Array(String)")}
GROUP BY id ORDER BY began, id LIMIT ${queryLimits.treeReadMax}`;
  const result = await run(parts, sql, bindings, {
    rowsMax: queryLimits.treeReadMax,
    timeoutMs: timeoutOf(parts, endMs),
  });
  return { ids: result.rows.map((row) => String(row["id"])), because: because(result) };
}

/** The row that tells the most of each process (exec before running before fork), and how it ended; oldest first. */
async function lives(parts: QueryParts, place: Place, { window, ids, endMs }: LivesRequest): Promise<Found> {
  const bindings = createBindings();
  const where = `${placed(bindings, place, window)} AND processId IN ${bindings.bind(ids, "Array(String)")}`;
  const rank = "multiIf(action = 'exec', 0, action = 'running', 1, action = 'fork', 2, 3)";
  const sql = `SELECT facts.*, ends._endedMs AS _endedMs, ends._exitCode AS _exitCode, ends._signal AS _signal FROM
(SELECT ${selectList("process_events")}, ${rank} AS _rank FROM process_events WHERE ${where} ORDER BY _rank, time DESC LIMIT 1 BY processId) AS facts
INNER JOIN (SELECT processId AS lifeId, toInt64(maxIf(toUnixTimestamp64Milli(time), action = 'exit')) AS _endedMs,
argMaxIf(exitCode, time, action = 'exit') AS _exitCode, argMaxIf(signal, time, action = 'exit') AS _signal
FROM process_events WHERE ${where} GROUP BY processId) AS ends ON facts.processId = ends.lifeId
ORDER BY startTime, processId LIMIT ${queryLimits.treeReadMax}`;
  const result = await run(parts, sql, bindings, {
    rowsMax: queryLimits.treeReadMax,
    timeoutMs: timeoutOf(parts, endMs),
  });
  return { nodes: result.rows.map(nodeOf), because: because(result) };
}

function placed(bindings: Bindings, { cluster, node }: Place, { sinceMs, untilMs }: ResolvedWindow): string {
  return `${withinRaw(bindings, sinceMs, untilMs)} AND cluster = ${bindings.bind(cluster, "String")} AND node = ${bindings.bind(node, "String")}`;
}

function nodeOf(row: StoredRow): ProcessNode {
  const process = shownRow("process_events", row);
  const endedMs = Number(row["_endedMs"]);
  if (endedMs === 0) return { process };
  return {
    process,
    endedAt: formatInstant(endedMs),
    exitCode: Number(row["_exitCode"]),
    signal: Number(row["_signal"]),
  };
}

type Deeds = Pick<TreeNode, "files" | "connections" | "names" | "deedsOmitted">;

/** Files and names by process, connections by pid and start: flows carry no process id. */
async function deedsOf(
  parts: QueryParts,
  place: TreeRequest,
  { nodes, limits, reasons, endMs }: Omit<Walk, "self" | "past"> & { readonly nodes: readonly ProcessNode[] },
): Promise<(node: ProcessNode) => Deeds> {
  const ids = nodes.map(({ process }) => process.processId);
  const pids = nodes.map(({ process }) => process.pid);
  const statement = async (sql: (bindings: Bindings) => string) => {
    const bindings = createBindings();
    const result = await run(parts, sql(bindings), bindings, {
      rowsMax: queryLimits.treeDeedsReadMax,
      timeoutMs: timeoutOf(parts, endMs),
    });
    reasons.push(because(result));
    return Map.groupBy(result.rows, (row) => String(row["who"]));
  };
  const tail = `GROUP BY who, what ORDER BY n DESC, what LIMIT ${limits.deedsMax} BY who LIMIT ${queryLimits.treeDeedsReadMax}`;
  const counted = "toInt64(sum(greatest(count, 1))) AS n, toInt64(count() OVER (PARTITION BY who)) AS total";
  const byId = (bindings: Bindings): string =>
    `${placed(bindings, place, place.window)} AND processId IN ${bindings.bind(ids, "Array(String)")}`;
  const [files, names, connections] = await Promise.all([
    statement(
      (
        bindings,
      ) => `SELECT processId AS who, concat(toString(action), ' ', if(path = '', requestedPath, path)) AS what, ${counted}
FROM file_events WHERE ${byId(bindings)} AND action != 'mapped' ${tail}`,
    ),
    statement(
      (bindings) =>
        `SELECT processId AS who, concat(toString(questionType), ' ', question) AS what, ${counted} FROM dns_events WHERE ${byId(bindings)} ${tail}`,
    ),
    statement(
      (
        bindings,
      ) => `SELECT toString(pid) AS who, concat(multiIf(destinationWorkload != '', concat(destinationNamespace, '/', destinationWorkload),
destinationDomain != '', destinationDomain, serverName != '', serverName, replaceOne(toString(destinationAddress), '::ffff:', '')), ':', toString(destinationPort)) AS what,
toInt64(sum(connectionsOpened + connectionsFailed)) AS n, toInt64(count() OVER (PARTITION BY who)) AS total
FROM flows WHERE ${placed(bindings, place, place.window)} AND reporter = 'source' AND pid IN ${bindings.bind(pids, "Array(UInt32)")} ${tail}`,
    ),
  ]);
  return ({ process }) => {
    const own = [files.get(process.processId), connections.get(String(process.pid)), names.get(process.processId)];
    const [file = [], connection = [], name = []] = own;
    return {
      files: file.map(deedOf),
      connections: connection.map(deedOf),
      names: name.map(deedOf),
      deedsOmitted: [file, connection, name].reduce(
        (sum, rows) => sum + Math.max(0, Number(rows[0]?.["total"] ?? 0) - rows.length),
        0,
      ),
    };
  };
}

function deedOf(row: StoredRow): Deed {
  return { what: String(row["what"]), count: Number(row["n"]) };
}
