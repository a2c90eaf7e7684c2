// The resource name of a workload's baseline: readable, valid, distinct by image.

const digestShown = 12;

export interface NamedWorkload {
  readonly namespace: string;
  readonly kind: string;
  readonly workload: string;
  readonly imageDigest: string;
}

/** "shop-checkout.deployment.3f2a91bc04de"; without an image "host-nginx.service.systemdunit". At most 253 characters, as resources are named. */
export function baselineName({ namespace, kind, workload, imageDigest }: NamedWorkload): string {
  const digest = imageDigest.replace(/^sha\d+:/, "").slice(0, digestShown);
  const head = plain([namespace, workload].filter((part) => part !== "").join("-"));
  const tail = [plain(kind), plain(digest)].filter((part) => part !== "").join(".");
  return `${head.slice(0, 252 - tail.length).replace(/[^a-z0-9]+$/, "")}.${tail}`;
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, "-")
    .replaceAll(/\.{2,}/g, ".")
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, "");
}
