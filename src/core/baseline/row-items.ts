// Rows as items: the one place that says what of an event a baseline is about. The store's sums (facts.ts) make the same items from grouped columns.
import type { BaselineItemKind } from "../../model/baseline.ts";
import type { Row, TableName } from "../../model/table.ts";
import { destinationItem, domainItem, isRuntimeName, listenItem, parentItem } from "./name-items.ts";
import { fileItem, foldPath } from "./path-items.ts";

export interface ItemOf {
  readonly kind: BaselineItemKind;
  readonly item: string;
}

/** Tables that baselines are learnt from and judged on. */
export const baselineTables = [
  "process_events",
  "file_events",
  "flows",
  "dns_events",
] as const satisfies readonly TableName[];
export type BaselineTable = (typeof baselineTables)[number];

export function itemsOfRow<Name extends TableName>(table: Name, row: Row<Name>): readonly ItemOf[] {
  switch (table) {
    case "process_events":
      return processItems(row as Row<"process_events">);
    case "file_events":
      return fileItems(row as Row<"file_events">);
    case "flows":
      return flowItems(row as Row<"flows">);
    case "dns_events": {
      const { question } = row as Row<"dns_events">;
      return question === "" ? [] : [{ kind: "domains", item: domainItem(question) }];
    }
    default:
      return [];
  }
}

/** The columns that decide about a process. */
export interface ProcessColumns {
  readonly action: string;
  readonly name: string;
  readonly executable: string;
  readonly ancestors: readonly string[];
}

/**
 * Programs that began or ran already. The runtime's own first steps inside the container are left out: they are known by the runtime that began them, since anybody
 * may call a program runc.
 */
export function processItems({ action, name, executable, ancestors }: ProcessColumns): readonly ItemOf[] {
  if ((action !== "exec" && action !== "running") || executable === "") return [];
  const parent = ancestors[0] ?? "";
  if (isRuntimeName(name) && (parent === "" || isRuntimeName(parent))) return [];
  const path = foldPath(executable);
  return [
    { kind: "executables", item: path },
    { kind: "parents", item: parentItem(parent, path) },
  ];
}

/** O_ACCMODE, O_CREAT, O_TRUNC and O_APPEND of Linux. */
export const writingFlags = 0o3 | 0o100 | 0o1000 | 0o2000;

/** What a file action means here; undefined: nothing. */
export function fileKind(action: string, flags: number): "reads" | "writes" | "loads" | undefined {
  switch (action) {
    case "mapped":
      return "loads";
    case "open":
      return (flags & writingFlags) === 0 ? "reads" : "writes";
    case "create":
    case "rename":
    case "unlink":
    case "chmod":
    case "link":
      return "writes";
    default:
      return undefined;
  }
}

function fileItems({ action, flags, path, targetPath }: Row<"file_events">): readonly ItemOf[] {
  const kind = fileKind(action, flags);
  if (kind === undefined) return [];
  const paths = targetPath === "" || (action !== "rename" && action !== "link") ? [path] : [path, targetPath];
  return paths.map((each) => ({ kind, item: fileItem(each, kind) })).filter(({ item }) => item !== "");
}

/** The reporter's side: what it dials, or the port that it was reached at. Traffic of a machine with itself is neither. */
function flowItems(row: Row<"flows">): readonly ItemOf[] {
  if (row.loopback) return [];
  if (row.reporter === "source") {
    const item = destinationItem(row);
    return item === undefined ? [] : [{ kind: "destinations", item }];
  }
  const item = listenItem(row.destinationPort, row.protocol);
  return item === undefined ? [] : [{ kind: "listens", item }];
}
