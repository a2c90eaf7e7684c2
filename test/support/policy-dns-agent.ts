// The node of the DNS scenario with everything that the agent has: resources in, enforcement side with its DNS rules, rows and statuses out.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createEnforceSide } from "../../src/apps/agent/enforce/enforce-side.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { createAddressBook } from "../../src/core/directory/address-book.ts";
import { Resource } from "../../src/model/resource.ts";
import type { Row } from "../../src/model/table.ts";
import type { Handler } from "./policy-dns-process.ts";

export interface AgentOrder {
  /** Files of the pods' namespaces by name. */
  readonly namespaces: Readonly<Record<string, string>>;
  readonly resources: readonly { readonly kind: string; readonly name: string; readonly spec: object }[];
}

export async function agentHandlers(order: AgentOrder): Promise<Record<string, Handler>> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "garrison-dns-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const book = createAddressBook({ createdMs: Date.now() });
  book.apply({ type: "identities", first: true, last: true, inventory: "none", because: "", put: [], ended: [] }, 0);
  const rows: Row<"dns_events">[] = [];
  const flows: Row<"flows">[] = [];
  const side = createEnforceSide({
    node: "n1",
    folder,
    server: { host: "192.0.2.1", port: 8687 },
    book,
    clock: { nowMs: Date.now },
    logger: silentLogger,
    dnsPort: 15_353,
    kernel: "real",
    fileOf: (name) => order.namespaces[name] ?? "",
    onDnsRow: (row) => rows.push(row),
    onStatus: () => undefined,
  });
  const stamp = { scope: "node/home/n1", author: "test", time: "2026-11-25T00:00:00Z" };
  side.setResources(order.resources.map((one, index) => Resource.parse({ ...stamp, ...one, generation: index + 1 })));
  await side.settled();
  return {
    statuses: () =>
      side.statuses().map(({ kind, name, because, enforcement }) => ({
        kind,
        name,
        because,
        state: enforcement?.state,
        dns: enforcement?.node?.dns,
      })),
    denied: () => {
      flows.push(...side.flush(Date.now() + 60_000));
      return flows.map(({ sourcePod, destinationAddress, verdictBecause }) => ({
        sourcePod,
        destinationAddress,
        verdictBecause,
      }));
    },
    rows: () => {
      flows.push(...side.drain());
      return rows;
    },
    close: () => side.close("withdraw"),
  };
}
