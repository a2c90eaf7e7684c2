// `garrison policy apply --dry-run`: what a change would do, by the server's preview of recorded flows and by this machine's open connections.
// Nothing is stored and no packet is touched: a node that enforces goes on with what it has.
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { toFault } from "../../../../base/fault.ts";
import { silentLogger } from "../../../../base/logger.ts";
import { createAddressBook } from "../../../../core/directory/address-book.ts";
import type { Resource, ResourceManifest } from "../../../../model/resource.ts";
import { policyLimits } from "../../../server/contract/policy-shapes.ts";
import { ask, type Context } from "../../context.ts";
import { paintVerdict } from "../../output/paint.ts";
import { render, type Sheet } from "../../output/format.ts";
import { enforcedOf, nodeWords, type EnforcedRow } from "./enforced-rows.ts";
import type { Target } from "./node-target.ts";
import { tryPuts } from "./put-whole.ts";
import { counted, formatOf, printDocument } from "./words.ts";

type Preview = Awaited<ReturnType<typeof ask<"policyPreview">>>;
type Group = Preview["groups"][number];

export interface DryRun {
  readonly target: Target;
  /** Policies and endpoints of the change, of the target's scope. */
  readonly manifests: readonly ResourceManifest[];
  /** Of the Enforcement as the flags would have it. */
  readonly spec: Record<string, unknown>;
}

/** Throws a Fault where the server would refuse one of the resources. */
export async function runDryRun(context: Context, { target, manifests, spec }: DryRun): Promise<void> {
  const tried = await tryPuts(context, manifests);
  const outcomes = tried.map(({ manifest: { kind, name }, outcome }) => ({ resource: `${kind}/${name}`, outcome }));
  const preview = await previewOf(context, target, manifests);
  const judged = await judgedHere(context, { target, manifests, spec }, preview);
  const format = formatOf(context);
  if (format !== "table") {
    const node = typeof judged === "string" ? { because: judged } : judged;
    return printDocument(context, format, { dryRun: true, resources: outcomes, preview, node });
  }
  for (const { resource, outcome } of outcomes) context.say(`${resource} would be ${outcome}`);
  if (preview !== undefined) await printPreview(context, preview);
  context.say(typeof judged === "string" ? judged : nodeWords(judged, context.nowMs()));
  context.say("dry run: nothing is stored, and what is enforced stays as it is");
}

/** Undefined where there is more than the server takes, which is said. */
async function previewOf(
  context: Context,
  { cluster }: Target,
  manifests: readonly ResourceManifest[],
): Promise<Preview | undefined> {
  const objects = manifests.flatMap(({ kind, spec }) => (kind === "Policy" ? [spec["manifest"]] : []));
  const changed = objects.map((object) => JSON.stringify(object)).join("\n---\n");
  if (changed.length <= policyLimits.manifestCharsMax)
    return ask(context, "policyPreview", { body: { cluster, changed } });
  context.say(`recorded flows were not asked: more than ${policyLimits.manifestCharsMax} characters of policies`);
  return undefined;
}

async function printPreview(context: Context, { totals, groups, groupsOmitted, world }: Preview): Promise<void> {
  const { paint } = context;
  const sheet: Sheet<Group> = {
    name: ({ source, destination }) => `${source} ${destination}`,
    columns: [
      { title: "source", value: ({ source }) => source },
      { title: "destination", value: ({ destination }) => destination },
      { title: "port", value: ({ port, protocol }) => `${port}/${protocol}`, align: "right" },
      { title: "connections", value: ({ connections }) => String(connections), align: "right" },
      {
        title: "verdict",
        value: ({ before, after }) => `${paintVerdict(paint, before)} -> ${paintVerdict(paint, after)}`,
      },
    ],
  };
  if (groups.length > 0) await context.print(render(groups, sheet, { format: "table", width: context.width }));
  if (groupsOmitted > 0) context.say(`${groupsOmitted} more rows`);
  const { connections, same, newlyAllowed, newlyDenied, uncertain } = totals;
  context.say(
    `recorded: ${counted(connections, "connection")}: ${same} the same, ${newlyAllowed} newly allowed, ${newlyDenied} newly denied, ${uncertain} uncertain`,
  );
  if (world.incomplete !== "") context.say(`what is known of endpoints is not whole: ${world.incomplete}`);
}

/** The node's word as a preview; or why this machine's open connections were not judged. */
async function judgedHere(
  context: Context,
  { target, manifests, spec }: DryRun,
  preview: Preview | undefined,
): Promise<EnforcedRow | string> {
  const unjudged = "open connections were not judged:";
  if (!target.isHere) return `${unjudged} ${target.node} is not this machine`;
  const stored = await storedFor(context, target);
  const locals = stored.filter(({ kind }) => kind === "LocalEndpoint").length;
  // Only the agent knows the pods of a cluster; namespaces of this machine are all there is elsewhere.
  if (preview === undefined || preview.world.endpoints > locals)
    return `${unjudged} pods of ${target.cluster} are known to its agents alone; each judges before it enforces`;
  const enforcement = { apiVersion: "garrison/v1", kind: "Enforcement", scope: target.scope, name: "default" } as const;
  const given = [...manifests, { ...enforcement, spec: { ...spec, mode: "preview" } }];
  const keyOf = ({ kind, scope, name }: ResourceManifest) =>
    kind === "Enforcement" ? `${kind} ${scope}` : `${kind} ${scope} ${name}`;
  const named = new Set(given.map(keyOf));
  const node = await wordOf(target, [
    ...stored.filter((resource) => !named.has(keyOf(resource))),
    ...given.map((manifest) => ({
      ...manifest,
      generation: 1,
      author: os.userInfo().username,
      time: new Date(context.nowMs()).toISOString(),
      deleted: false,
    })),
  ]);
  if (typeof node === "string" || node?.state !== "preview")
    return `${unjudged} ${typeof node === "string" ? node : (node?.because ?? "nothing was said")}`;
  return node;
}

async function storedFor(context: Context, { cluster, scope }: Target): Promise<readonly Resource[]> {
  const kinds = ["Policy", "LocalEndpoint", "Enforcement"] as const;
  const lists = await Promise.all(kinds.map((kind) => ask(context, "listResources", { params: { kind } })));
  const scopes = ["global", `cluster/${cluster}`, scope];
  return lists.flatMap(({ resources }) =>
    resources.filter(({ scope: of, deleted }) => scopes.includes(of) && !deleted),
  );
}

/** The agent's own code over a kernel that is only read. */
async function wordOf({ node }: Target, resources: readonly Resource[]): Promise<EnforcedRow | string | undefined> {
  const { createEnforceSide } = await import("../../../agent/enforce/enforce-side.ts");
  const folder = await mkdtemp(path.join(os.tmpdir(), "garrison-dry-run-"));
  const book = createAddressBook({ createdMs: Date.now() });
  book.apply(
    { type: "identities", first: true, last: true, inventory: "none", because: "", put: [], ended: [] },
    Date.now(),
  );
  const side = createEnforceSide({
    node,
    folder,
    server: { host: "", port: 0 },
    book,
    clock: { nowMs: Date.now },
    logger: silentLogger,
    dnsPort: 15_353,
    kernel: "read",
    onDnsRow: () => undefined,
    onStatus: () => undefined,
  });
  try {
    side.setResources(resources);
    await side.settled();
    return enforcedOf(side.statuses()).node;
  } catch (error) {
    return toFault(error).message;
  } finally {
    await side.close("keep");
    await rm(folder, { recursive: true, force: true });
  }
}
