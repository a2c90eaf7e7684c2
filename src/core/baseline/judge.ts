// A baseline as questions: is this item in it? Made once per version; a question costs a look into a set, for paths a walk along their segments.
import { unreachable } from "../../base/assert.ts";
import type { Baseline, BaselineItemKind } from "../../model/baseline.ts";
import type { Row, TableName } from "../../model/table.ts";
import { domainItem } from "./name-items.ts";
import { isGuarded } from "./path-items.ts";
import { createPathTrie, type PathTrie } from "./path-trie.ts";
import { itemsOfRow, type ItemOf } from "./row-items.ts";

export interface CompiledBaseline {
  readonly judged: ReadonlySet<BaselineItemKind>;
  /** Whether an item, as row-items.ts makes it, is in the baseline or covered by one of its items. */
  readonly covers: (kind: BaselineItemKind, item: string) => boolean;
}

export function compileBaseline(spec: Pick<Baseline, "items" | "judged">): CompiledBaseline {
  const { items } = spec;
  const executables = createPathTrie(items.executables);
  const folders = {
    reads: createPathTrie(items.reads, (folder) => isGuarded(folder, "reads")),
    writes: createPathTrie(items.writes, (folder) => isGuarded(folder, "writes")),
    loads: createPathTrie(items.loads, (folder) => isGuarded(folder, "loads")),
  };
  const parents = new Set(items.parents);
  const anyParent = createPathTrie(
    items.parents.filter((item) => item.startsWith("* -> ")).map((item) => item.slice(5)),
  );
  const destinations = new Set(items.destinations);
  const listens = new Set(items.listens);
  const domains = new Set(items.domains.map((item) => item.toLowerCase()));
  return {
    judged: new Set(spec.judged),
    covers: (kind, item) => {
      switch (kind) {
        case "executables":
          return executables.covers(item);
        case "parents":
          return parents.has(item) || anyParent.covers(childOf(item));
        case "reads":
          // Who may write there may read there.
          return folders.reads.covers(item) || folders.writes.covers(item);
        case "writes":
          return folders.writes.covers(item);
        case "loads":
          return coversLoad(folders.loads, executables, item);
        case "destinations":
          return destinations.has(item) || coversDestination(destinations, item);
        case "listens":
          return listens.has(item) || listens.has(`*/${item.split("/")[1] ?? ""}`);
        case "domains":
          return coversDomain(domains, item);
        default:
          return unreachable(kind);
      }
    },
  };
}

/** What of a row is outside the baseline; [] for rows that it says nothing about. */
export function driftOf<Name extends TableName>(
  baseline: CompiledBaseline,
  table: Name,
  row: Row<Name>,
): readonly ItemOf[] {
  return itemsOfRow(table, row).filter(({ kind, item }) => baseline.judged.has(kind) && !baseline.covers(kind, item));
}

function childOf(parentItem: string): string {
  const at = parentItem.indexOf(" -> ");
  return at < 0 ? "" : parentItem.slice(at + 4);
}

/** A program that may run may be mapped. */
function coversLoad(loads: PathTrie, executables: PathTrie, item: string): boolean {
  return loads.covers(item) || executables.covers(item);
}

/** "domain example.com 443/tcp" by any port, or by a domain above it. */
function coversDestination(known: ReadonlySet<string>, item: string): boolean {
  const [what = "", who = "", port = ""] = item.split(" ");
  const ports = [port, `*/${port.split("/")[1] ?? ""}`, "*"];
  const names = what === "domain" ? suffixesOf(who) : [who];
  return names.some((name) => ports.some((each) => known.has(`${what} ${name} ${each}`)));
}

function coversDomain(known: ReadonlySet<string>, item: string): boolean {
  return known.has(domainItem(item)) || suffixesOf(item).some((name) => known.has(name));
}

/** "a.b.c" -> a.b.c, b.c, c. */
function suffixesOf(name: string): readonly string[] {
  const labels = name.split(".").slice(-32);
  return labels.map((_, index) => labels.slice(index).join("."));
}
