// A repository of a registry: manifests, blobs, referrers; through its mirrors first, then itself.
import { Fault } from "../../../base/fault.ts";
import { isDigest } from "../../../core/image/reference.ts";
import { imageLimits } from "../image-source.ts";
import { sha256Of, verifyDigest, digestMismatch } from "../manifest/digest.ts";
import { type Descriptor, parseManifest } from "../manifest/manifest.ts";
import { acceptedTypes } from "../manifest/media-types.ts";
import type { RootDocument } from "../manifest/resolve.ts";
import { abortFault, openBlob } from "./blob-stream.ts";
import { readBody } from "./body.ts";
import { follow } from "./follow.ts";
import type { Call, HostClient } from "./host-client.ts";
import type { Answer } from "./transport.ts";

export interface Repository {
  /** By tag or digest. Of a digest the bytes are verified; of a tag the digest is computed. */
  manifest(tagOrDigest: string, signal: AbortSignal): Promise<RootDocument>;
  /** A small blob, verified. */
  document(descriptor: Descriptor, bytesMax: number, signal: AbortSignal): Promise<Uint8Array>;
  /** Not verified: the reader does. */
  blob(descriptor: Descriptor, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** What refers to a digest (signatures, SBOMs), of one type or all (""); by the API, else by the tag that stands for it. */
  referrers(digest: string, artifactType: string, signal: AbortSignal): Promise<readonly Descriptor[]>;
}

export interface Place {
  readonly client: HostClient;
  /** The repository there: a mirror may keep it below a prefix. */
  readonly repository: string;
  readonly query: Readonly<Record<string, string>>;
}

/** `places` in the order in which they are asked; `what` begins every message. */
export function createRepository(places: readonly Place[], what: string): Repository {
  const eachPlace = async <T>(signal: AbortSignal, ask: (place: Place) => Promise<T>): Promise<T> => {
    let last: unknown;
    for (const place of places) {
      try {
        return await ask(place);
      } catch (thrown) {
        if (signal.aborted || !(thrown instanceof Fault)) throw thrown;
        // What the registry itself says is the answer; a mirror's word is told only when it stands alone.
        last = thrown;
      }
    }
    throw last;
  };
  const call = (place: Place, path: string, signal: AbortSignal): Call => ({
    repository: place.repository,
    query: place.query,
    path,
    signal,
    what,
  });
  const limitMs = places[0]?.client.transport.limits.documentMs ?? 0;
  const inTime = <T>(given: AbortSignal, work: (signal: AbortSignal) => Promise<T>) =>
    within(given, limitMs, what, work);
  const repository: Repository = {
    manifest: (tagOrDigest, given) =>
      inTime(given, (signal) =>
        eachPlace(signal, async (place) => {
          const asked = { ...call(place, `manifests/${tagOrDigest}`, signal), headers: { accept: acceptedTypes } };
          return await place.client.get(asked, (answer) => readManifest(answer, tagOrDigest, what));
        }),
      ),
    document: (descriptor, bytesMax, given) =>
      inTime(given, (signal) =>
        eachPlace(signal, async (place) => {
          const asked = call(place, `blobs/${checked(descriptor.digest, what)}`, signal);
          const bytes = await place.client.get(asked, (answer) => readBody(answer, bytesMax));
          verifyDigest(bytes, descriptor.digest, what);
          return bytes;
        }),
      ),
    async blob(descriptor, given) {
      const limitMs = places[0]?.client.transport.limits.blobMs ?? 0;
      const signal = AbortSignal.any([given, AbortSignal.timeout(limitMs)]);
      try {
        return await eachPlace(signal, async (place) => {
          const asked = call(place, `blobs/${checked(descriptor.digest, what)}`, signal);
          return await openBlob(place.client, asked, descriptor.size);
        });
      } catch (thrown) {
        if (!(thrown instanceof Fault) || thrown.code !== "registry/not-found" || descriptor.urls.length === 0)
          throw thrown;
        return await fromElsewhere(places, descriptor, signal, what);
      }
    },
    referrers: (digest, artifactType, given) =>
      inTime(given, async (signal) => {
        const found = await eachPlace(
          signal,
          async (place) => await askReferrers(place, call, { digest, artifactType, signal, what }),
        );
        const list = found ?? (await byTag(repository, digest, signal, what));
        const wanted = artifactType === "" ? list : list.filter((entry) => entry.artifactType === artifactType);
        return wanted.slice(0, places[0]?.client.transport.limits.referrersMax ?? 0);
      }),
  };
  return repository;
}

async function within<T>(
  given: AbortSignal,
  limitMs: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.any([given, AbortSignal.timeout(limitMs)]);
  try {
    return await work(signal);
  } catch (thrown) {
    throw signal.aborted ? abortFault({ repository: "", path: "", signal, what }, thrown) : thrown;
  }
}

function checked(digest: string, what: string): string {
  if (isDigest(digest)) return digest;
  throw new Fault(`${what}: a blob is named by something that is no digest`, {
    code: "registry/bad-digest",
    kind: "usage",
  });
}

async function readManifest(answer: Answer, wanted: string, what: string): Promise<RootDocument> {
  const mediaType = answer.header("content-type").split(";")[0]?.trim().toLowerCase() ?? "";
  const claimed = answer.header("docker-content-digest");
  let bytes: Uint8Array;
  try {
    bytes = await readBody(answer, imageLimits.manifestBytesMax);
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== "registry/answer-too-large") throw thrown;
    const message = `${what}: its manifest is larger than ${imageLimits.manifestBytesMax} bytes`;
    throw new Fault(message, { code: "registry/manifest-too-large", kind: "too-large" });
  }
  if (isDigest(wanted)) {
    verifyDigest(bytes, wanted, what);
    return { bytes, digest: wanted, mediaType };
  }
  const digest = sha256Of(bytes);
  if (claimed.startsWith("sha256:") && claimed !== digest)
    throw digestMismatch(what, claimed.slice(0, 100).replaceAll(/[^ -~]/g, "?"), digest);
  return { bytes, digest, mediaType };
}

/** Layers that may not be distributed lie at addresses of their own: over https, without any credential. */
async function fromElsewhere(
  places: readonly Place[],
  descriptor: Descriptor,
  signal: AbortSignal,
  what: string,
): Promise<AsyncIterable<Uint8Array>> {
  const transport = places.at(-1)?.client.transport;
  let last: unknown;
  for (const text of descriptor.urls) {
    if (transport === undefined || !URL.canParse(text) || new URL(text).protocol !== "https:") continue;
    try {
      const url = new URL(text);
      url.username = "";
      url.password = "";
      const answer = await follow(transport, { url, signal, host: "" });
      if (answer.status === 200) return answer.body as AsyncIterable<Uint8Array>;
      answer.body.destroy();
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof Fault)) throw thrown;
      last = thrown;
    }
  }
  throw new Fault(`${what}: a layer lies outside the registry, and could not be had there`, {
    code: "registry/not-found",
    kind: "not-found",
    cause: last,
  });
}

interface ReferrersQuestion {
  readonly digest: string;
  readonly artifactType: string;
  readonly signal: AbortSignal;
  readonly what: string;
}

type CallOf = (place: Place, path: string, signal: AbortSignal) => Call;

/** Undefined: the registry has no such API. Pages are followed by "last" and "n" of the Link header alone, never by its address. */
async function askReferrers(
  place: Place,
  callOf: CallOf,
  question: ReferrersQuestion,
): Promise<Descriptor[] | undefined> {
  const { digest, artifactType, signal, what } = question;
  const found: Descriptor[] = [];
  let query: Record<string, string> = { ...place.query, ...(artifactType === "" ? {} : { artifactType }) };
  for (let page = 0; page < place.client.transport.limits.referrersPagesMax; page++) {
    const call = { ...callOf(place, `referrers/${checked(digest, what)}`, signal), query };
    let next = "";
    try {
      const bytes = await place.client.get(call, async (answer) => {
        next = answer.header("link");
        return await readBody(answer, imageLimits.manifestBytesMax);
      });
      found.push(...entriesOf(bytes, what));
    } catch (thrown) {
      const absent = ["registry/not-found", "registry/unexpected-answer", "registry/bad-manifest", "registry/bad-json"];
      if (thrown instanceof Fault && absent.includes(thrown.code) && page === 0) return undefined;
      throw thrown;
    }
    const link = /<([^>]{1,2048})>\s*;\s*rel="?next"?/.exec(next)?.[1];
    if (link === undefined || !URL.canParse(link, "https://registry.invalid")) break;
    query = { ...query, ...Object.fromEntries(new URL(link, "https://registry.invalid").searchParams) };
  }
  return found;
}

function entriesOf(bytes: Uint8Array, what: string): readonly Descriptor[] {
  const document = parseManifest(bytes, "", `${what}: referrers`);
  return document.kind === "index" ? document.manifests : [];
}

/** The tag scheme of registries without the API: "sha256-<hex>" names an index of what refers to the digest. */
async function byTag(
  repository: Repository,
  digest: string,
  signal: AbortSignal,
  what: string,
): Promise<readonly Descriptor[]> {
  try {
    const { bytes } = await repository.manifest(digest.replace(":", "-").slice(0, 128), signal);
    return entriesOf(bytes, what);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "registry/not-found") return [];
    throw thrown;
  }
}
