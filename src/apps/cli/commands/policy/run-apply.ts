// Puts policies, endpoints and enforcement as resources of this node and waits for its word; or enforces in the foreground.
import { Fault } from "../../../../base/fault.ts";
import { parsePolicies } from "../../../../core/policy/parse/parse-policies.ts";
import { readYaml } from "../../../../edge/manifests/read-yaml.ts";
import { Enforcement } from "../../../../model/enforcement.ts";
import type { LocalEndpoint } from "../../../../model/local-endpoint.ts";
import type { ResourceManifest } from "../../../../model/resource.ts";
import { ask, type Context } from "../../context.ts";
import { tiersFirst, wrapped } from "../native-policies.ts";
import { usage } from "./ask-flow.ts";
import { codeOf, enforcedOf, printEnforced } from "./enforced-rows.ts";
import { isPartial, readFiles, sayProblems } from "./input.ts";
import { localEndpointsOf } from "./netns-flag.ts";
import { isSettled, waitForNode } from "./node-statuses.ts";
import { targetOf, type Target } from "./node-target.ts";
import type { ApplyFlags } from "./apply.ts";
import { putWhole } from "./put-whole.ts";
import { secondsOf } from "./seconds.ts";

export async function runApply(
  context: Context,
  { args, options: flags }: { readonly args: readonly string[]; readonly options: ApplyFlags },
): Promise<number> {
  const { files, digest } = filesAndDigest(args, flags);
  // Whoever mistypes a time wanted the net: nothing is put before it is read.
  const waitSeconds = secondsOf(flags.waitSeconds);
  if (flags.rollbackAfter !== undefined) secondsOf(flags.rollbackAfter);
  if (flags.dryRun === true && digest !== undefined) throw usage("--dry-run confirms nothing", "leave --confirm out");
  const endpoints = localEndpointsOf(flags.netns ?? []);
  if (files.length === 0 && endpoints.length === 0 && digest === undefined) throw nothingToDo();
  const read = await readPolicies(context, files);
  if (flags.foreground === true) {
    const { enforceHere } = await import("./foreground.ts");
    return enforceHere(context, { manifests: read.manifests, endpoints, spec: specOf({}, flags) });
  }
  const target = await targetOf(context, flags);
  const manifests = [...read.manifests, ...endpoints.map(manifestOfEndpoint)].map((one) => ({
    ...one,
    scope: target.scope,
  }));
  const enforcement = await enforcementFor(context, target, { flags, digest });
  if (flags.dryRun === true) {
    const { runDryRun } = await import("./dry-run.ts");
    await runDryRun(context, { target, manifests, spec: enforcement.spec });
    return read.code;
  }
  if (!target.isConnected)
    context.say(`the agent of ${target.cluster}/${target.node} is not connected: it takes this up when it is`);
  await putWhole(context, { manifests, enforcement });
  const statuses = await waitForNode(context, target, { seconds: waitSeconds, isDone: isSettled });
  const enforced = enforcedOf(statuses);
  await printEnforced(context, enforced);
  return codeOf(enforced) || read.code;
}

/** "--confirm policies/" gives commander a digest that is none. */
function filesAndDigest(
  args: readonly string[],
  { confirm }: ApplyFlags,
): { files: readonly string[]; digest: string | true | undefined } {
  if (typeof confirm !== "string" || /^[0-9a-f]{16}$/.test(confirm)) return { files: args, digest: confirm };
  return { files: [confirm, ...args], digest: true };
}

function nothingToDo(): Fault {
  return usage("nothing to apply", "name files with policies, --netns, or --confirm");
}

async function readPolicies(
  context: Context,
  files: readonly string[],
): Promise<{ readonly manifests: readonly ResourceManifest[]; readonly code: number }> {
  if (files.length === 0) return { manifests: [], code: 0 };
  const parsed = parsePolicies(await readFiles(files), readYaml);
  sayProblems(context, parsed.problems);
  const found: { readonly manifest: ResourceManifest }[] = [];
  for (const { manifest, state, id } of parsed.objects) {
    if (state !== "taken") continue;
    const resource = wrapped(manifest, "global");
    // Pods and namespaces may stand beside policies; a node hears of them from its cluster or --netns.
    if (typeof resource !== "string") found.push({ manifest: resource });
    else if (!isOfWorld(id)) context.say(`${id}: ${resource}`);
  }
  if (found.length === 0 && isPartial(parsed.problems))
    throw new Fault("no policy could be read", { code: "cli/bad-file", kind: "usage", hint: "see the lines above" });
  return { manifests: tiersFirst(found).map(({ manifest }) => manifest), code: isPartial(parsed.problems) ? 7 : 0 };
}

const worldKinds = [
  "Pod",
  "Namespace",
  "Node",
  "Service",
  "ServiceAccount",
  "Endpoints",
  "EndpointSlice",
  "Deployment",
  "StatefulSet",
  "DaemonSet",
];

function isOfWorld(id: string): boolean {
  return worldKinds.includes(id.split("/")[0] ?? "");
}

export function manifestOfEndpoint(spec: LocalEndpoint): ResourceManifest {
  const name = `${spec.namespace}.${spec.name}`.toLowerCase();
  return { apiVersion: "garrison/v1", kind: "LocalEndpoint", scope: "global", name, spec: { ...spec } };
}

/** Of this node alone. What is set already, for it or for its cluster, stays, but for what the flags say. */
async function enforcementFor(
  context: Context,
  target: Target,
  given: { readonly flags: ApplyFlags; readonly digest: string | true | undefined },
): Promise<ResourceManifest> {
  const { resources } = await ask(context, "listResources", { params: { kind: "Enforcement" } });
  const scopes = [target.scope, `cluster/${target.cluster}`, "global"];
  const [own] = scopes.flatMap((scope) => resources.filter((one) => one.scope === scope && !one.deleted));
  const status = own?.status.find(
    ({ cluster, node }) => cluster === target.cluster && node === target.node,
  )?.enforcement;
  const confirm = given.digest === true ? status?.digest : given.digest;
  if (given.digest === true && status?.state === "taken-back")
    throw new Fault(`change ${status.digest} was taken back already`, {
      code: "cli/taken-back",
      kind: "conflict",
      hint: `\`garrison policy apply --confirm ${status.digest}\` brings it again, and it stays`,
    });
  if (given.digest === true && confirm === undefined)
    throw new Fault("the node has no change that could be confirmed", {
      code: "cli/no-change",
      kind: "conflict",
      hint: "`garrison policy status` shows it",
    });
  const spec = specOf(own?.spec ?? {}, given.flags);
  return {
    apiVersion: "garrison/v1",
    kind: "Enforcement",
    scope: target.scope,
    name: own?.scope === target.scope ? own.name : "default",
    spec: { ...spec, ...(confirm === undefined ? {} : { confirm }) },
  };
}

function specOf(before: Readonly<Record<string, unknown>>, flags: ApplyFlags): Record<string, unknown> {
  const isConfirmation = flags.confirm !== undefined && flags.rollbackAfter === undefined;
  const rollbackAfterSeconds = flags.rollbackAfter === undefined ? 0 : secondsOf(flags.rollbackAfter);
  // What an apply that died held back is held no more.
  const { hold: _, ...kept } = before;
  const spec = {
    ...kept,
    // Only in the foreground is this what decides about packets: a dry run puts nothing.
    mode: flags.dryRun === true ? "preview" : "enforce",
    // A confirmation is about the change as it was asked for.
    ...(isConfirmation ? {} : { rollbackAfterSeconds }),
    ...(flags.cutConnections === true ? { onPolicyChange: "reevaluate" } : {}),
  };
  const parsed = Enforcement.safeParse(spec);
  if (parsed.success) return spec;
  const [issue] = parsed.error.issues;
  throw new Fault(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong"}`, { code: "cli/usage", kind: "usage" });
}
