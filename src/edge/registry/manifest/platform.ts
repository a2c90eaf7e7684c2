// Which image of an index runs here: the matching and its order are containerd's.
import { Fault } from "../../../base/fault.ts";
import type { Descriptor } from "./manifest.ts";

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
}

const architectureNames: Readonly<Record<string, string>> = {
  x64: "amd64",
  x86_64: "amd64",
  "x86-64": "amd64",
  aarch64: "arm64",
  armhf: "arm",
  armel: "arm",
  i386: "386",
  i686: "386",
  ia32: "386",
};

/** "linux/arm64/v8", "arm64", "linux/arm" -> names as images write them. Throws Fault "registry/bad-platform". */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  if (parts.length > 3 || !parts.every((part) => /^[a-z0-9][a-z0-9_.-]{0,63}$/.test(part))) {
    throw new Fault(`"${text.slice(0, 80).replaceAll(/[^ -~]/g, "?")}" is no platform`, {
      code: "registry/bad-platform",
      kind: "usage",
      hint: "write os/architecture, or os/architecture/variant: linux/arm64, linux/arm/v7",
    });
  }
  const [first = "", second = "", third = ""] = parts;
  if (parts.length > 1) return normalise({ os: first, architecture: second, variant: third });
  const isSystem = ["linux", "windows", "darwin", "freebsd"].includes(first);
  return normalise(
    isSystem
      ? { os: first, architecture: process.arch, variant: "" }
      : { os: "linux", architecture: first, variant: "" },
  );
}

/** Images are Linux's, whatever this program runs on. */
export function ownPlatform(): Platform {
  return normalise({ os: "linux", architecture: process.arch, variant: "" });
}

/** One name for each architecture; the variants that mean "the usual one" are dropped, that of 32-bit arm is written out. */
export function normalise(platform: Platform): Platform {
  const written = platform.architecture.toLowerCase();
  const os = platform.os.toLowerCase() === "macos" ? "darwin" : platform.os.toLowerCase();
  const architecture = architectureNames[written] ?? written;
  const given = platform.variant.toLowerCase();
  if (architecture === "arm64") return { os, architecture, variant: given === "8" || given === "v8" ? "" : given };
  if (architecture === "amd64") return { os, architecture, variant: given === "v1" ? "" : given };
  if (architecture !== "arm") return { os, architecture, variant: given };
  const usual = written === "armel" ? "v6" : "v7";
  const variant = given === "" ? usual : /^\d/.test(given) ? `v${given}` : given;
  return { os, architecture, variant };
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === "" ? [] : [variant])].join("/");
}

/** How well `offered` runs where `wanted` is: 0 best; undefined not at all. */
export function platformRank(wanted: Platform, offered: Platform): number | undefined {
  const rank = acceptable(normalise(wanted)).indexOf(formatPlatform(normalise(offered)));
  return rank < 0 ? undefined : rank;
}

/** Newer machines run older code: arm64 v9 runs v8, arm v7 runs v6 and v5, amd64 v3 runs v2 and v1, amd64 runs 386. */
function acceptable({ os, architecture, variant }: Platform): string[] {
  const list: string[] = [];
  const add = (name: string, of: string) => list.push(formatPlatform({ os, architecture: name, variant: of }));
  const number = Number(/^v(\d{1,2})/.exec(variant)?.[1] ?? 0);
  add(architecture, variant);
  if (architecture === "amd64") {
    for (let level = number - 1; level >= 2; level--) add("amd64", `v${level}`);
    if (variant !== "") add("amd64", "");
    add("386", "");
  } else if (architecture === "arm64") {
    for (let level = number - 1; level >= 9; level--) add("arm64", `v${level}`);
    if (variant !== "") add("arm64", "");
    for (const level of ["v8", "v7", "v6", "v5"]) add("arm", level);
  } else if (architecture === "arm") {
    for (let level = number - 1; level >= 5; level--) add("arm", `v${level}`);
  }
  return list;
}

export function isAttestation(descriptor: Descriptor): boolean {
  const { platform } = descriptor;
  if (descriptor.annotations["vnd.docker.reference.type"] === "attestation-manifest") return true;
  return platform !== undefined && platform.os === "unknown" && platform.architecture === "unknown";
}

export interface PlatformChoice {
  /** What to run on. */
  readonly wanted: Platform;
  /** The user asked for it: then nothing else will do. */
  readonly isAsked: boolean;
}

/**
 * Manifests of an index that fit, best first; entries without a platform (a layout's own list) come last, their configuration tells. An index of one platform
 * alone is taken as it is when none was asked for. Throws Fault "registry/no-platform" that names what is there.
 */
export function choosePlatform(
  manifests: readonly Descriptor[],
  { wanted, isAsked }: PlatformChoice,
  what: string,
): readonly Descriptor[] {
  const images = manifests.filter((descriptor) => !isAttestation(descriptor));
  const ranked = images
    .map((descriptor, place) => ({ descriptor, place, rank: rankOf(wanted, descriptor) }))
    .filter(({ rank }) => rank !== undefined)
    .sort((left, right) => (left.rank ?? 0) - (right.rank ?? 0) || left.place - right.place);
  if (ranked.length > 0) return ranked.map(({ descriptor }) => descriptor);
  if (!isAsked && images.length === 1) return images;
  const offered = images.flatMap(({ platform }) =>
    platform === undefined ? [] : [formatPlatform(normalise(platform))],
  );
  const list = [...new Set(offered)]
    .slice(0, 20)
    .join(", ")
    .replaceAll(/[^ -~]/g, "?");
  throw new Fault(`${what}: it has no image for ${formatPlatform(wanted)}`, {
    code: "registry/no-platform",
    kind: "not-found",
    hint: list === "" ? "its index names no image at all" : `choose one with --platform: ${list}`,
  });
}

function rankOf(wanted: Platform, { platform }: Descriptor): number | undefined {
  if (platform === undefined || (platform.os === "" && platform.architecture === "")) return 1000;
  return platformRank(wanted, platform);
}
