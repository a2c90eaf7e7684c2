// Images of containerd on this node, out of its own files: names from its metadata, content by digest. Nothing is asked of the daemon, so a stopped one will do.
import path from "node:path";
import { Fault } from "../../../base/fault.ts";
import { isDigest, parseReference, tagOf } from "../../../core/image/reference.ts";
import { folderFiles } from "../files/stored-files.ts";
import { imageLimits, type LayeredImage } from "../image-source.ts";
import type { PlatformChoice } from "../manifest/platform.ts";
import { resolveImage } from "../manifest/resolve.ts";
import { layoutStore } from "../oci-layout/oci-layout.ts";
import { type Bucket, openBolt } from "./bolt.ts";

export interface ContainerdPlace {
  /** containerd's root folder. */
  readonly folder: string;
  /** "" for all of them, Kubernetes' first. */
  readonly namespace: string;
  /** A name ("nginx:1", "docker.io/library/nginx:1") or a digest ("sha256:..."). */
  readonly image: string;
}

export interface StoredImage {
  readonly namespace: string;
  readonly name: string;
  readonly digest: string;
  readonly mediaType: string;
}

const imagesMax = 100_000;

/** Every image of the node's store; names and digests as containerd keeps them. */
export function listContainerd(folder: string): readonly StoredImage[] {
  using file = openBolt(path.join(folder, "io.containerd.metadata.v1.bolt", "meta.db"));
  const found: StoredImage[] = [];
  const version = file.root.bucket("v1");
  for (const namespace of bucketsOf(version)) {
    const images = version?.bucket(namespace)?.bucket("images");
    for (const name of bucketsOf(images)) {
      const target = images?.bucket(name)?.bucket("target");
      const digest = target?.value("digest")?.toString() ?? "";
      if (!isDigest(digest) || found.length >= imagesMax) continue;
      found.push({ namespace, name, digest, mediaType: target?.value("mediatype")?.toString() ?? "" });
    }
  }
  return found;
}

function* bucketsOf(bucket: Bucket | undefined): Generator<string> {
  if (bucket === undefined) return;
  for (const item of bucket.items()) if (item.isBucket) yield item.key.toString();
}

/** Throws Fault "registry/not-found" when it is not on the node, and those of resolving; layers that the node has dropped are told when they are opened. */
export async function openContainerd(place: ContainerdPlace, choice: PlatformChoice): Promise<LayeredImage> {
  const content = path.join(place.folder, "io.containerd.content.v1.content");
  const store = layoutStore(folderFiles(content));
  const { digest, mediaType, name } = findImage(place);
  const descriptor = {
    mediaType,
    digest,
    size: 0,
    urls: [],
    annotations: {},
    artifactType: "",
    platform: undefined,
    data: undefined,
  };
  const bytes = await store.fetch(descriptor, "manifest", imageLimits.manifestBytesMax);
  return await resolveImage({ bytes, digest, mediaType }, { store, choice, source: "containerd", reference: name });
}

function findImage({ folder, namespace, image }: ContainerdPlace): StoredImage {
  const isWanted = (stored: StoredImage): boolean => namespace === "" || stored.namespace === namespace;
  const stored = listContainerd(folder).filter(isWanted);
  const found = stored
    .filter((each) => namesOf(image).includes(each.name) || each.digest === image)
    .sort((left, right) => Number(right.namespace === "k8s.io") - Number(left.namespace === "k8s.io"));
  if (found[0] !== undefined) return found[0];
  if (isDigest(image)) return { namespace, name: image, digest: image, mediaType: "" };
  const names = [...new Set(stored.map((each) => each.name))].filter((each) => !isDigest(each));
  throw new Fault(`${folder}: containerd has no image "${image.slice(0, 200).replaceAll(/[^ -~]/g, "?")}"`, {
    code: "registry/not-found",
    kind: "not-found",
    hint:
      names.length === 0
        ? "it has none at all"
        : `it has ${names
            .slice(0, 10)
            .join(", ")
            .replaceAll(/[^ -~]/g, "?")}`,
  });
}

/** As written, and in full as containerd writes names. */
function namesOf(image: string): string[] {
  if (isDigest(image)) return [image];
  try {
    const reference = parseReference(image);
    const name = `${reference.registry}/${reference.repository}`;
    const tag = tagOf(reference);
    return [
      image,
      ...(reference.digest === "" ? [] : [`${name}@${reference.digest}`]),
      ...(tag === "" ? [] : [`${name}:${tag}`]),
    ];
  } catch {
    return [image];
  }
}
