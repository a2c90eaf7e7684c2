// The flags of every command that looks at an image: where it is, which platform, how its registry is reached. Kept apart from what opens it, which is loaded only then.
import type { Command } from "commander";
import { Fault } from "../../../../base/fault.ts";
import type { ImageLocation } from "../../../../edge/registry/open-image.ts";

export interface ImageFlags {
  readonly archive?: string;
  readonly oci?: string;
  readonly root?: string;
  readonly container?: string;
  readonly containerd?: string;
  readonly sbom?: string;
  readonly image?: string;
  readonly namespace?: string;
  readonly platform?: string;
  readonly cache?: string | false;
  readonly secrets?: boolean;
  readonly registryCa?: string;
  readonly tokenRealm?: readonly string[];
  readonly plainHttp?: readonly string[];
  readonly mirror?: readonly string[];
  readonly dockerConfig?: string;
}

/** A flag that may stand as often as wanted. Not commander's own way: that one would take the reference behind it, too. */
export function collected(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** Adds where the image is and how to get at it. */
export function withImageFlags(command: Command): Command {
  return withPlaceFlags(
    command.argument("[reference]", "an image in its registry: nginx:1.27, registry.example:5000/shop/web@sha256:..."),
  );
}

/** The flags alone, for commands with arguments of their own. */
export function withPlaceFlags(command: Command): Command {
  return withRegistryFlags(command)
    .option("--archive <file>", "a tar of docker save, podman save or skopeo (also .gz, .zst)")
    .option("--oci <folder[:image]>", "an OCI layout; a tag or digest when it holds several")
    .option("--root <folder>", "a root file system: a mounted image, a virtual machine's disk, this machine's /")
    .option("--container <id|pid>", "a running container's root, as it is now")
    .option("--containerd <reference>", "an image in this node's containerd store")
    .option("--sbom <file>", "an SBOM: CycloneDX, SPDX, Syft; - for standard input")
    .option("--image <name>", "which image, when --archive holds several")
    .option("--namespace <name>", "containerd's namespace (default: all)")
    .option("--platform <os/arch>", "which platform of several: linux/arm64 (default: this machine's)")
    .option("--cache <folder>", "where results of layers are kept (default: the data folder's layers)")
    .option("--no-cache", "read every layer again");
}

/** How a registry is reached: every command that asks one takes them. */
export function withRegistryFlags(command: Command): Command {
  return command
    .option("--registry-ca <file>", "PEM of an authority that signs the registry's certificate")
    .option("--token-realm <host>", "hosts that may give tokens for the registry, beside itself", collected)
    .option("--plain-http <host>", "registries that are spoken to without TLS", collected)
    .option("--mirror <registry=mirror>", "where to ask before the registry: docker.io=mirror.example:5000", collected)
    .option("--docker-config <file>", "credentials (default: DOCKER_CONFIG or ~/.docker/config.json)");
}

export type Place = ImageLocation | { readonly kind: "sbom"; readonly path: string };

/** The one place that is named. Throws a usage Fault for none and for several. */
export function placeOf(args: readonly string[], flags: ImageFlags): Place {
  const places: Place[] = [
    ...args.map((reference) => ({ kind: "registry", reference }) as const),
    ...(flags.archive === undefined ? [] : [{ kind: "archive", path: flags.archive, ...named(flags.image) } as const]),
    ...(flags.oci === undefined ? [] : [{ kind: "oci-layout", ...layoutOf(flags.oci, flags.image) } as const]),
    ...(flags.root === undefined ? [] : [{ kind: "root", path: flags.root } as const]),
    ...(flags.container === undefined ? [] : [containerOf(flags.container)]),
    ...(flags.containerd === undefined
      ? []
      : [
          {
            kind: "containerd",
            image: flags.containerd,
            ...(flags.namespace === undefined ? {} : { namespace: flags.namespace }),
          } as const,
        ]),
    ...(flags.sbom === undefined ? [] : [{ kind: "sbom", path: flags.sbom } as const]),
  ];
  const [only, second] = places;
  if (only !== undefined && second === undefined) return only;
  throw new Fault(only === undefined ? "no image is named" : `${places.length} images are named, one is looked at`, {
    code: "cli/usage",
    kind: "usage",
    hint: "a reference, or one of --archive FILE, --oci FOLDER, --root FOLDER, --container ID, --containerd REFERENCE, --sbom FILE",
  });
}

function named(image: string | undefined): { readonly image?: string } {
  return image === undefined ? {} : { image };
}

/** "folder:tag", "folder@sha256:..."; a colon before the last slash is part of the folder. */
function layoutOf(text: string, image: string | undefined): { readonly path: string; readonly image?: string } {
  const at = text.indexOf("@sha");
  if (at >= 0) return { path: text.slice(0, at), image: text.slice(at + 1) };
  const colon = text.lastIndexOf(":");
  if (colon <= text.lastIndexOf("/") || colon < 0) return { path: text, ...named(image) };
  return { path: text.slice(0, colon), image: text.slice(colon + 1) };
}

function containerOf(text: string): ImageLocation {
  // A short number is a process, anything longer the beginning of an id.
  return /^\d{1,7}$/.test(text) ? { kind: "container", pid: Number(text) } : { kind: "container", id: text };
}
