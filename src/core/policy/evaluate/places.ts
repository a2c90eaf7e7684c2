// Which things are at an address, at a prefix around it, or on a node.
import type { Address } from "../../../base/ip.ts";
import { createPrefixTable, type PrefixTable } from "./addresses.ts";
import type { Row } from "./rows.ts";

export interface Places {
  /** Canonical text; without network sets. */
  at(address: string): readonly Row[];
  setsAt(address: Address): readonly Row[];
  /** Host endpoints of a node. */
  hostsOf(node: string): readonly Row[];
  put(row: Row): void;
  /** Network sets and host endpoints stay until `rebuild`: they are few, and made anew together. */
  remove(row: Row): void;
  rebuild(rows: Iterable<Row>): void;
}

export function createPlaces(): Places {
  const byAddress = new Map<string, Row[]>();
  const hostsByNode = new Map<string, Row[]>();
  let sets: PrefixTable<Row> = createPrefixTable();
  const put = (row: Row) => {
    if (row.set !== undefined) for (const { range } of row.set.nets) sets.add(range, row);
    else for (const address of row.addresses) push(byAddress, address, row);
    if (row.kind === "hostEndpoint" && row.node !== "") push(hostsByNode, row.node, row);
  };
  return {
    at: (address) => byAddress.get(address) ?? [],
    setsAt: (address) => sets.find(address),
    hostsOf: (node) => hostsByNode.get(node) ?? [],
    put,
    remove(row) {
      if (row.set !== undefined || row.kind === "hostEndpoint") return;
      for (const address of row.addresses) {
        const left = (byAddress.get(address) ?? []).filter((each) => each !== row);
        if (left.length === 0) byAddress.delete(address);
        else byAddress.set(address, left);
      }
    },
    rebuild(rows) {
      byAddress.clear();
      hostsByNode.clear();
      sets = createPrefixTable();
      for (const row of rows) put(row);
    },
  };
}

function push(map: Map<string, Row[]>, key: string, row: Row): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [row]);
  else if (!list.includes(row)) list.push(row);
}
