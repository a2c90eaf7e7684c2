// From the flags to an analysis: opens the image where it is, looks through it with a progress line, or reads an SBOM. What every image command begins with.
import { readFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { Fault } from "../../../../base/fault.ts";
import { unreadableFile } from "../../../../base/unreadable-file.ts";
import type { ImageAnalysis } from "../../../../model/image-analysis.ts";
import { readSbom } from "../../../../core/sbom/formats/read-sbom.ts";
import { catalogTools } from "../../../../edge/registry/pass/tools.ts";
import type { RegistryHost, RegistryOptions } from "../../../../edge/registry/registry/options.ts";
import type { CredentialSource } from "../../../../edge/registry/registry/credentials.ts";
import { dataFolderOf, type Context } from "../../context.ts";
import { inputFacts, readInput } from "../../input-file.ts";
import { placeOf, type ImageFlags } from "./image-flags.ts";
import { createProgress } from "./progress.ts";

/** Throws usage Faults for the flags, and the source's own. Several calls on one machine share the cache of layers. */
export async function analysisOf(
  context: Context,
  { args, options }: { readonly args: readonly string[]; readonly options: ImageFlags },
): Promise<ImageAnalysis> {
  const place = placeOf(args, options);
  if (place.kind === "sbom") return await sbomAnalysis(place.path);
  if ("path" in place) inputFacts(place.path);
  // The pass and its cataloguers are loaded when there is something to look through.
  const { openImage } = await import("../../../../edge/registry/open-image.ts");
  const { analyseImage } = await import("../../../../edge/registry/pass/analyse-image.ts");
  const { folderLayerCache } = await import("../../../../edge/registry/pass/layer-cache.ts");
  const registry = place.kind === "registry" ? await registryOptions(context, options) : undefined;
  const progress = createProgress(process.stderr);
  try {
    await using source = await openImage(place, {
      signal: context.signal,
      ...(options.platform === undefined ? {} : { platform: options.platform }),
      ...(registry === undefined ? {} : { registry }),
    });
    const folder = typeof options.cache === "string" ? options.cache : path.join(dataFolderOf(context), "layers");
    return await analyseImage(source, {
      secrets: options.secrets === true,
      signal: context.signal,
      onProgress: progress.show,
      ...(options.cache === false ? {} : { cache: folderLayerCache(folder) }),
    });
  } finally {
    progress.end();
  }
}

async function sbomAnalysis(file: string): Promise<ImageAnalysis> {
  const bytes = await readBytes(file);
  return readSbom(bytes, catalogTools, { reference: file === "-" ? "standard input" : file });
}

/** A file, or standard input for "-". Throws a Fault that names it. */
export async function readBytes(file: string): Promise<Uint8Array> {
  const bytesMax = 256 * 1024 * 1024;
  if (file !== "-") return readInput(file);
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of process.stdin) {
    total += (chunk as Buffer).length;
    if (total > bytesMax)
      throw new Fault(`standard input is larger than ${bytesMax} bytes`, { code: "cli/too-large", kind: "too-large" });
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** From the flags of registries: hosts, mirrors, authority, credentials of docker's configuration. */
export async function registryOptions(context: Context, flags: ImageFlags): Promise<RegistryOptions> {
  const credentials = await dockerCredentials(context, flags.dockerConfig);
  const hosts: Record<string, RegistryHost> = Object.create(null) as Record<string, RegistryHost>;
  for (const host of flags.plainHttp ?? []) hosts[host] = { ...hosts[host], scheme: "http" };
  for (const pair of flags.mirror ?? []) {
    const [, host = "", mirror = ""] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
    if (host === "")
      throw new Fault(`--mirror ${pair} is none`, {
        code: "cli/usage",
        kind: "usage",
        hint: "write REGISTRY=MIRROR, for example docker.io=mirror.example:5000",
      });
    hosts[host] = { ...hosts[host], mirrors: [...(hosts[host]?.mirrors ?? []), mirror] };
  }
  return {
    hosts,
    ...(flags.tokenRealm === undefined ? {} : { tokenRealms: flags.tokenRealm }),
    ...(flags.registryCa === undefined ? {} : { ca: Buffer.from(await readBytes(flags.registryCa)).toString("utf8") }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

/** docker's configuration, where docker has it; one that is not there is no fault, one that was named and is not there is. */
async function dockerCredentials(context: Context, given: string | undefined): Promise<CredentialSource | undefined> {
  const folder =
    context.environment["DOCKER_CONFIG"] ?? path.join(context.environment["HOME"] ?? os.homedir(), ".docker");
  const file = given ?? path.join(folder, "config.json");
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    if (given === undefined && (cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadableFile(file, cause, { hint: "--docker-config names another one" });
  }
  const { readDockerConfig } = await import("../../../../edge/registry/registry/credentials.ts");
  return readDockerConfig(bytes, { what: file });
}
