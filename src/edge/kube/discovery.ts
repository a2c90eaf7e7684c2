// What an API server has: aggregated discovery where there is one, else its plain lists. Only groups that are read are asked about.
import { z } from "zod";
import { apiFault } from "./api-fault.ts";
import { parseJson, readText } from "./body.ts";
import type { KubeLimits } from "./limits.ts";
import { type ApiVersion, nameOf, pathOf, type WatchedResource, watchedResources } from "./resources.ts";
import type { KubeTransport } from "./transport.ts";

/** Paths of resources that can be listed and watched. */
export type Discovered = ReadonlySet<string>;

const aggregated = ["v2", "v2beta1"]
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat("application/json")
  .join(",");

const Verbs = z.array(z.string()).nullish();
const Aggregated = z.object({
  kind: z.literal("APIGroupDiscoveryList"),
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string().optional() }).nullish(),
      versions: z
        .array(
          z.object({
            version: z.string(),
            resources: z.array(z.object({ resource: z.string(), verbs: Verbs })).nullish(),
          }),
        )
        .nullish(),
    }),
  ),
});
const Groups = z.object({
  groups: z.array(z.object({ name: z.string(), versions: z.array(z.object({ version: z.string() })) })),
});
const Resources = z.object({ resources: z.array(z.object({ name: z.string(), verbs: Verbs })) });

const groupsRead = new Set(watchedResources.flatMap(({ versions }) => versions.map(({ group }) => group)));

export interface Asking {
  readonly transport: KubeTransport;
  readonly limits: KubeLimits;
  readonly signal: AbortSignal;
}

/** Throws the faults of api-fault.ts and of the transport. A single group that fails is left out: its resources count as absent. */
export async function discover(asking: Asking): Promise<Discovered> {
  const [core, rest] = [await document(asking, "/api", aggregated), await document(asking, "/apis", aggregated)];
  const found = new Set<string>();
  await addFrom(asking, core, "", found);
  await addFrom(asking, rest, undefined, found);
  return found;
}

/** `group`: of a plain answer that lists no groups. */
async function addFrom(asking: Asking, answer: unknown, group: string | undefined, found: Set<string>): Promise<void> {
  const whole = Aggregated.safeParse(answer);
  if (whole.success) {
    for (const { metadata, versions } of whole.data.items) {
      const name = metadata?.name ?? "";
      for (const { version, resources } of versions ?? [])
        for (const { resource, verbs } of resources ?? [])
          add(found, { group: name, version, plural: resource }, verbs);
    }
    return;
  }
  if (group === "") {
    await addPlain(asking, { group, version: "v1" }, found);
    return;
  }
  const groups = Groups.safeParse(answer);
  for (const { name, versions } of groups.success ? groups.data.groups : []) {
    if (!groupsRead.has(name)) continue;
    for (const { version } of versions) await addPlain(asking, { group: name, version }, found);
  }
}

async function addPlain(
  asking: Asking,
  { group, version }: Omit<ApiVersion, "plural">,
  found: Set<string>,
): Promise<void> {
  const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const listed = Resources.safeParse(await document(asking, path, "application/json"));
  for (const { name, verbs } of listed.success ? listed.data.resources : [])
    add(found, { group, version, plural: name }, verbs);
}

function add(found: Set<string>, api: ApiVersion, verbs: readonly string[] | null | undefined): void {
  if (groupsRead.has(api.group) && verbs?.includes("list") === true && verbs.includes("watch")) found.add(pathOf(api));
}

async function document({ transport, limits, signal }: Asking, path: string, accept: string): Promise<unknown> {
  const answer = await transport.get({ path, accept, signal });
  if (answer.status !== 200) throw await apiFault(answer, path, limits);
  const bounds = { bytesMax: limits.documentBytesMax, silentMs: limits.bodySilentMsMax };
  return parseJson(await readText(answer, path, bounds), path);
}

/** The version of a resource that the server has; undefined: none. Without discovery the first one is tried. */
export function versionOf({ versions }: WatchedResource, discovered: Discovered | undefined): ApiVersion | undefined {
  if (discovered === undefined) return versions[0];
  return versions.find((version) => discovered.has(pathOf(version)));
}

/** How a gap names a resource that is not there. */
export function wantedName({ versions, kind }: WatchedResource): string {
  const [first] = versions;
  return first === undefined ? kind : nameOf(first);
}
