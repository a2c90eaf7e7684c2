// The door to images: wherever one is, the same ImageSource comes out, its manifest and configuration verified.
import type { ImageSource } from "./image-source.ts";
import { folderFiles } from "./files/stored-files.ts";
import { ownPlatform, parsePlatform, type PlatformChoice } from "./manifest/platform.ts";
import { openOciLayout } from "./oci-layout/oci-layout.ts";

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
}

/** Throws Faults "registry/..." (and "image/bad-reference") that name the image and say what to do. */
export async function openImage(location: ImageLocation, options: OpenImageOptions = {}): Promise<ImageSource> {
  const choice: PlatformChoice =
    options.platform === undefined || options.platform === ""
      ? { wanted: ownPlatform(), isAsked: false }
      : { wanted: parsePlatform(options.platform), isAsked: true };
  switch (location.kind) {
    case "oci-layout": {
      const files = folderFiles(location.path);
      const image = await openOciLayout(files, {
        wanted: location.image ?? "",
        choice,
        source: "oci-layout",
        reference: location.image === undefined ? location.path : `${location.path}:${location.image}`,
      });
      return { ...image, [Symbol.asyncDispose]: () => files[Symbol.asyncDispose]() };
    }
    default:
      throw new Error("not yet");
  }
}
