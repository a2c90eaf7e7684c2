// Enforces from this process, without server and agent, until Ctrl-C: the same code as the agent's, with policies and namespaces of the command line.
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Fault } from "../../../../base/fault.ts";
import { silentLogger } from "../../../../base/logger.ts";
import { createAddressBook } from "../../../../core/directory/address-book.ts";
import { tableName } from "../../../../core/policy/compile/settings.ts";
import { openNftables } from "../../../../edge/dataplane/nftables/open-nftables.ts";
import type { LocalEndpoint } from "../../../../model/local-endpoint.ts";
import type { Resource, ResourceManifest } from "../../../../model/resource.ts";
import type { Row } from "../../../../model/table.ts";
import { dataFolderOf, type Context } from "../../context.ts";
import { harmless } from "../../output/harmless.ts";
import { manifestOfEndpoint } from "./run-apply.ts";
import { codeOf, enforcedOf, printEnforced } from "./enforced-rows.ts";

const node = "this-machine";
const scope = `node/local/${node}`;
const stepMs = 250;

export interface Foreground {
  readonly manifests: readonly ResourceManifest[];
  readonly endpoints: readonly LocalEndpoint[];
  /** Of the Enforcement. */
  readonly spec: Record<string, unknown>;
}

/** Resolves after Ctrl-C with the rules taken out; at once where the change is refused or only previewed. */
export async function enforceHere(context: Context, given: Foreground): Promise<number> {
  refuseOccupied();
  const { createEnforceSide } = await import("../../../agent/enforce/enforce-side.ts");
  const { enforceFolder } = await import("../../../agent/enforce/break-glass.ts");
  const folder = await mkdtemp(path.join(os.tmpdir(), "garrison-foreground-"));
  const book = createAddressBook({ createdMs: Date.now() });
  book.apply(
    { type: "identities", first: true, last: true, inventory: "none", because: "", put: [], ended: [] },
    Date.now(),
  );
  const side = createEnforceSide({
    node,
    folder,
    glassFolder: enforceFolder(dataFolderOf(context)),
    server: { host: "", port: 0 },
    book,
    clock: { nowMs: Date.now },
    logger: silentLogger,
    dnsPort: 15_353,
    kernel: "real",
    onDnsRow: () => undefined,
    onStatus: () => undefined,
  });
  try {
    side.setResources(resourcesOf(given));
    await side.settled();
    const enforced = enforcedOf(side.statuses());
    await printEnforced(context, enforced);
    const code = codeOf(enforced);
    if (code === 3 || code === 1 || enforced.node?.state === "preview") return code;
    context.say("denied connections follow; Ctrl-C takes the rules out");
    await follow(context, side);
    context.say("the rules are taken out");
    return 0;
  } finally {
    await side.close("withdraw");
    await rm(folder, { recursive: true, force: true });
  }
}

/** Two who write one table would undo each other's rules for ever. */
function refuseOccupied(): void {
  const dataplane = openNftables({ table: tableName, clock: { nowMs: Date.now }, logger: silentLogger });
  try {
    const nothing = { table: { family: "inet", name: tableName }, digest: "", sets: [], chains: [] } as const;
    if (!dataplane.readBack(nothing, { elements: false }).isThere) return;
  } finally {
    dataplane.close();
  }
  throw new Fault(`somebody enforces policies here already: table inet ${tableName} is in the kernel`, {
    code: "cli/occupied",
    kind: "conflict",
    hint: "use the agent (without --foreground); or `garrison policy break-glass`, then `--end`, when nobody is left who owns it",
  });
}

function resourcesOf({ manifests, endpoints, spec }: Foreground): readonly Resource[] {
  const enforcement: ResourceManifest = {
    apiVersion: "garrison/v1",
    kind: "Enforcement",
    scope,
    name: "default",
    spec,
  };
  const time = new Date().toISOString();
  return [...manifests, ...endpoints.map(manifestOfEndpoint), enforcement].map((manifest) => ({
    ...manifest,
    scope,
    generation: 1,
    author: os.userInfo().username,
    time,
    deleted: false,
  }));
}

async function follow(
  context: Context,
  side: { flush(nowMs: number): Row<"flows">[]; takeGaps(nowMs: number): Row<"gaps">[] },
): Promise<void> {
  const terminated = new AbortController();
  // A service manager ends it with this signal: the rules go all the same.
  process.once("SIGTERM", () => terminated.abort());
  const signal = AbortSignal.any([context.signal, terminated.signal]);
  while (!signal.aborted) {
    for (const row of side.flush(Date.now())) await context.print(`${harmless(deniedLine(row))}\n`);
    for (const { detail, durationMs, reason } of side.takeGaps(Date.now()))
      context.say(`gap (${reason}), ${durationMs} ms: ${detail}`);
    await delay(stepMs, undefined, { signal }).catch(() => undefined);
  }
}

function deniedLine(row: Row<"flows">): string {
  const end = (namespace: string, pod: string, address: string) => (pod === "" ? address : `${namespace}/${pod}`);
  const from = end(row.sourceNamespace, row.sourcePod, row.sourceAddress);
  const to = end(row.destinationNamespace, row.destinationPod, row.destinationAddress);
  const count = row.connectionsFailed > 1 ? ` (${row.connectionsFailed} connections)` : "";
  return `${new Date(row.time).toISOString().slice(11, 19)}  denied  ${from} -> ${to} ${row.destinationPort}/${row.protocol}${count}  ${row.verdictBecause}`;
}
