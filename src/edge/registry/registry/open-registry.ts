// From a reference to its repository, and to an image: who may be asked is checked before any connection.
import { formatReference, type ImageReference, parseReference, tagOf } from "../../../core/image/reference.ts";
import type { LayeredImage } from "../image-source.ts";
import type { PlatformChoice } from "../manifest/platform.ts";
import { type ContentStore, resolveImage } from "../manifest/resolve.ts";
import { createHostClient, type HostClient } from "./host-client.ts";
import { apiHost, refuseUnlisted, type RegistryOptions } from "./options.ts";
import { createRepository, type Place, type Repository } from "./repository.ts";
import { createTransport } from "./transport.ts";

export interface OpenRepository extends Disposable {
  readonly repository: Repository;
  readonly reference: ImageReference;
}

/** Throws Faults "image/bad-reference" and "registry/not-allowed"; nothing is sent yet. */
export function openRepository(text: string, options: RegistryOptions): OpenRepository {
  const reference = parseReference(text);
  refuseUnlisted(reference.registry, options);
  const transport = createTransport(options, namedHosts(reference, options));
  const client = (registry: string): HostClient => createHostClient(registry, transport, options);
  const { mirrors = [], isAsked = true } = options.hosts?.[reference.registry] ?? {};
  const places: Place[] = mirrors.map((mirror) => {
    const slash = mirror.indexOf("/");
    const host = slash < 0 ? mirror : mirror.slice(0, slash);
    const prefix = slash < 0 ? "" : `${mirror.slice(slash + 1).replaceAll(/^\/+|\/+$/g, "")}/`;
    // Mirrors of several registries go by this name, as containerd sends it.
    return { client: client(host), repository: `${prefix}${reference.repository}`, query: { ns: reference.registry } };
  });
  if (isAsked || places.length === 0) {
    places.push({ client: client(reference.registry), repository: reference.repository, query: {} });
  }
  const repository = createRepository(places, formatReference(reference));
  return { repository, reference, [Symbol.dispose]: () => transport.close() };
}

/** Hosts that a person named: by configuration, or by asking for an image there where no list says what may be asked for. They alone may be on this machine. */
function namedHosts(reference: ImageReference, options: RegistryOptions): ReadonlySet<string> {
  const hosts = Object.entries(options.hosts ?? {});
  const mirrors = hosts.flatMap(([, host]) => (host.mirrors ?? []).map((mirror) => mirror.split("/", 1)[0] ?? ""));
  const listed = options.allowedRegistries ?? [reference.registry];
  const named = [...hosts.map(([name]) => name), ...mirrors, ...listed, ...(options.tokenRealms ?? [])];
  return new Set(named.filter((name) => !name.includes("*")).map((name) => hostOf(apiHost(name))));
}

function hostOf(name: string): string {
  return URL.canParse(`https://${name}`) ? new URL(`https://${name}`).host : name;
}

export interface RegistryImage {
  readonly image: LayeredImage;
  readonly opened: OpenRepository;
}

/** Throws Faults "registry/..." that begin with the reference. */
export async function openRegistryImage(
  text: string,
  choice: PlatformChoice,
  options: RegistryOptions,
  signal: AbortSignal,
): Promise<RegistryImage> {
  const opened = openRepository(text, options);
  try {
    const { repository, reference } = opened;
    const root = await repository.manifest(reference.digest === "" ? tagOf(reference) : reference.digest, signal);
    const store: ContentStore = {
      async fetch(descriptor, as, bytesMax) {
        if (as === "config") return await repository.document(descriptor, bytesMax, signal);
        return (await repository.manifest(descriptor.digest, signal)).bytes;
      },
      openLayer: (descriptor, layerSignal) => repository.blob(descriptor, layerSignal),
    };
    const resolve = { store, choice, source: "registry" as const, reference: text };
    return { image: await resolveImage(root, resolve), opened };
  } catch (thrown) {
    opened[Symbol.dispose]();
    throw thrown;
  }
}
