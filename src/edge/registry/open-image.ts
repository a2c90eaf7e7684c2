// The door to images: wherever one is, the same ImageSource comes out, its manifest and configuration verified.
import type { ImageSource, LayeredImage } from "./image-source.ts";
import { folderFiles, type StoredFiles } from "./files/stored-files.ts";
import { ownPlatform, parsePlatform, type PlatformChoice } from "./manifest/platform.ts";
import { type LayoutChoice, openOciLayout } from "./oci-layout/oci-layout.ts";
import type { RegistryOptions } from "./registry/options.ts";

export type ImageLocation =
  | { readonly kind: "registry"; readonly reference: string }
  /** `image`: a name in the layout or a digest, when it holds several. */
  | { readonly kind: "oci-layout"; readonly path: string; readonly image?: string }
  /** A tar of docker save, podman, skopeo or an OCI layout; gzip and zstd around it are fine. */
  | { readonly kind: "archive"; readonly path: string; readonly image?: string }
  /** containerd's own folder on this node; `image`: a name ("docker.io/library/nginx:1") or a digest. */
  | { readonly kind: "containerd"; readonly path?: string; readonly image: string; readonly namespace?: string }
  | { readonly kind: "root"; readonly path: string }
  /** A running container by its id (or the beginning of it) or by a process in it. */
  | { readonly kind: "container"; readonly id: string }
  | { readonly kind: "container"; readonly pid: number };

export interface OpenImageOptions {
  /** "linux/arm64"; absent: what runs here. */
  readonly platform?: string;
  readonly signal?: AbortSignal;
  /** Which registries, with which trust and credentials. */
  readonly registry?: RegistryOptions;
  /** Where processes are seen; /proc unless a node's is mounted elsewhere. */
  readonly procPath?: string;
}

/** Throws Faults "registry/..." (and "image/bad-reference") that name the image and say what to do. */
export async function openImage(location: ImageLocation, options: OpenImageOptions = {}): Promise<ImageSource> {
  const choice: PlatformChoice =
    options.platform === undefined || options.platform === ""
      ? { wanted: ownPlatform(), isAsked: false }
      : { wanted: parsePlatform(options.platform), isAsked: true };
  switch (location.kind) {
    case "oci-layout":
      return await fromFiles(folderFiles(location.path), location, choice, openOciLayout);
    // Each source is loaded when an image is there: a scan of an archive needs no client of registries.
    case "archive": {
      const { openTarFiles } = await import("./archive/tar-files.ts");
      const { openArchive } = await import("./archive/docker-archive.ts");
      const files = await openTarFiles(location.path, options.signal ?? new AbortController().signal);
      return await fromFiles(files, location, choice, openArchive);
    }
    case "containerd": {
      const { openContainerd } = await import("./containerd/containerd-store.ts");
      const { path = "/var/lib/containerd", namespace = "", image } = location;
      return disposable(await openContainerd({ folder: path, namespace, image }, choice), nothingOpen);
    }
    case "root": {
      const { openRootFolder } = await import("./folder/root-source.ts");
      return openRootFolder(location.path);
    }
    case "container": {
      const { openContainer } = await import("./container/container-source.ts");
      return openContainer(location, options.procPath);
    }
    case "registry": {
      const { openRegistryImage } = await import("./registry/open-registry.ts");
      const signal = options.signal ?? new AbortController().signal;
      const { image, opened } = await openRegistryImage(location.reference, choice, options.registry ?? {}, signal);
      return disposable(image, async () => opened[Symbol.dispose]());
    }
  }
}

type Opener = (files: StoredFiles, options: LayoutChoice) => Promise<LayeredImage>;

interface FilePlace {
  readonly kind: "oci-layout" | "archive";
  readonly path: string;
  readonly image?: string;
}

async function fromFiles(
  files: StoredFiles,
  place: FilePlace,
  choice: PlatformChoice,
  open: Opener,
): Promise<ImageSource> {
  const wanted = place.image ?? "";
  const reference = wanted === "" ? place.path : `${place.path}:${wanted}`;
  try {
    const image = await open(files, { wanted, choice, source: place.kind, reference });
    return disposable(image, async () => await files[Symbol.asyncDispose]());
  } catch (thrown) {
    await files[Symbol.asyncDispose]();
    throw thrown;
  }
}

async function nothingOpen(): Promise<void> {
  // Content is opened layer by layer, and closed with each.
}

function disposable(image: LayeredImage, dispose: () => Promise<void>): ImageSource {
  return { ...image, [Symbol.asyncDispose]: dispose };
}
