// Transparent mode as one more way into the gateway: workloads that flags name, and those of this machine that policies of the server ask for.
import os from "node:os";
import { Fault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import { choosePorts, type LocalWorkload } from "../../../core/waf/transparent/choose-ports.ts";
import type { WafWorkload } from "../../../core/waf/policy/target.ts";
import type { AddressBook } from "../../../core/directory/address-book.ts";
import { openNftables } from "../../../edge/dataplane/nftables/open-nftables.ts";
import { findNamespaces, type FoundNamespace } from "../../../edge/transparent/find-namespaces.ts";
import type { GatewayParts } from "../main.ts";
import type { ServerLink } from "../server-link.ts";
import { securityRow, securityWords, type TransparentNotice } from "./notices.ts";
import { openTransparent, type TransparentFlags, type TransparentMode } from "./open-transparent.ts";

/** How often the machine is looked at for workloads of policies. */
const lookEveryMs = 2000;

export interface TransparentForOptions {
  /** Of `--transparent`. */
  readonly flags: TransparentFlags;
  /** Whether an address is one of the node's own; absent: those of the namespace that the gateway is in. */
  readonly isNodeAddress?: (address: string) => boolean;
  /** Where the watchdog leaves word; absent: there is none. */
  readonly folder?: string;
  readonly drainMs: number;
  /** A line for a person. */
  readonly notice: (line: string) => void;
  readonly logger: Logger;
}

/** For `runGateway`. Rejects with the Fault "gateway/transparent" when a workload of the flags cannot be attached. */
export function transparentFor(options: TransparentForOptions): NonNullable<GatewayParts["openMore"]> {
  return async (core, { link }) => {
    const { folder } = options;
    const mode = openTransparent({
      openDataplane: ({ netns, table }) =>
        openNftables({ netns, table, clock: { nowMs: Date.now }, logger: options.logger }),
      ...(folder === undefined ? {} : { folder }),
      onNotice: (notice) => tell(notice, options, link),
      isNodeAddress: options.isNodeAddress ?? ownAddresses(),
      nowMs: Date.now,
      logger: options.logger,
    });
    const side = core.openSide({ upstreamFor: (source) => mode.door.upstreamFor(source), forwarded: "none" });
    mode.door.useSide(side);
    const close = async (): Promise<void> => {
      // Detaching begins first: no new ones come while those that are there end.
      const ends = [mode.close(options.drainMs), side.close(options.drainMs)];
      await Promise.all(ends);
    };
    const [problem] = await mode.set(options.flags.wanted);
    if (problem !== undefined) {
      await close();
      throw new Fault(problem, { code: "gateway/transparent", kind: "unavailable" });
    }
    for (const { label, ports } of options.flags.wanted) {
      const list = ports.map(({ port, onDown }) => `${port} (${onDown} while the gateway is not there)`).join(", ");
      options.notice(`turned   ${label}: ${list}`);
    }
    const stop = link === undefined || !options.flags.byPolicy ? undefined : followPolicies(mode, link, options);
    return {
      status: () => ({ workloads: mode.status(), ...mode.figures }),
      async close() {
        await stop?.();
        await close();
      },
    };
  };
}

/** Returns how to stop. */
function followPolicies(mode: TransparentMode, link: ServerLink, options: TransparentForOptions): () => Promise<void> {
  let told = "";
  async function look(): Promise<void> {
    const problems: string[] = [];
    // Before anything was heard nothing is taken back: an earlier gateway's workloads stay as they are.
    if (!link.hasHeard) return;
    if (link.policies.some(({ spec }) => spec.ports.length > 0 && spec.mode !== "off") || mode.status().length > 0) {
      const found = findNamespaces();
      const local = found.namespaces.flatMap((one) => workloadOf(one, link.book));
      const { chosen, problems: bad } = choosePorts(link.policies, local);
      const files = new Map(found.namespaces.map(({ id, file }) => [id, file]));
      const byPolicy = chosen.map((one) => ({ ...one, netns: files.get(one.id) ?? "" }));
      problems.push(...bad.map(({ name, message }) => `policy ${name}: ${message}`));
      if (found.omitted > 0)
        problems.push(`${found.omitted} network namespaces are over the limit and were not looked at`);
      problems.push(...(await mode.set([...options.flags.wanted, ...byPolicy])));
    }
    const text = problems.join("\n");
    if (text !== told) for (const problem of problems) options.notice(`note     ${problem}`);
    told = text;
  }
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= look()
      .catch((error: unknown) => options.logger.error({ error }, "workloads of policies were not looked for"))
      .finally(() => {
        running = undefined;
      });
  }, lookEveryMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}

/** None: the directory knows nobody by the namespace's addresses. */
function workloadOf({ id, addresses }: FoundNamespace, book: AddressBook): readonly LocalWorkload[] {
  for (const address of addresses) {
    const answer = book.byAddress({ address, timeMs: Date.now() });
    if (answer.is !== "known" || answer.entry.kind !== "pod" || answer.entry.hostNetwork) continue;
    const { namespace, workload, services, labels = {}, pod } = answer.entry;
    const label = `${namespace}/${pod === "" ? workload : pod}`;
    return [{ id, label, workload: sameWorkload({ namespace, workload, services, labels }) }];
  }
  return [];
}

const workloads = new Map<string, WafWorkload>();
const workloadsMax = 4096;

/** One object per workload, as the chooser of policies wants it. */
function sameWorkload(workload: WafWorkload): WafWorkload {
  const key = JSON.stringify(workload);
  const known = workloads.get(key);
  if (known !== undefined) return known;
  if (workloads.size >= workloadsMax) workloads.clear();
  workloads.set(key, workload);
  return workload;
}

const ownAddressesMs = 10_000;

/** Addresses of the network namespace that the gateway is in: with the host's network, the node's. */
function ownAddresses(): (address: string) => boolean {
  let addresses = new Set<string>();
  let atMs = Number.NEGATIVE_INFINITY;
  return (address) => {
    if (performance.now() - atMs > ownAddressesMs) {
      atMs = performance.now();
      const all = Object.values(os.networkInterfaces()).flatMap((list) => list ?? []);
      addresses = new Set(all.filter(({ internal }) => !internal).map((one) => one.address));
    }
    return addresses.has(address);
  };
}

function tell(notice: TransparentNotice, options: TransparentForOptions, link: ServerLink | undefined): void {
  const words = securityWords(notice);
  options.notice(`${notice.what === "down" ? "down    " : "passed  "} ${words.title}. ${words.message}`);
  link?.outbox.security(securityRow(notice));
  if (notice.what !== "down") return;
  link?.outbox.gap({
    time: notice.timeMs,
    durationMs: 0,
    table: "waf_events",
    reason: "agent-down",
    rows: 0,
    counted: "no",
    detail: `${words.title}. ${words.message}`.slice(0, 500),
  });
}
