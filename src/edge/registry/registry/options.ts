// How registries are reached: which, by which way, with which trust and credentials. The server names those that it may use; a person's own command line names them by asking.
import { Fault } from "../../../base/fault.ts";
import type { CredentialSource } from "./credentials.ts";
import type { RegistryLimits } from "./limits.ts";

export interface RegistryHost {
  /** Absent: https; on loopback plain http too, when the other side speaks it. "http" lists the host as one that is spoken to in the clear. */
  readonly scheme?: "https" | "http";
  /** Certificates are not checked: for this host alone, and only because it is listed. */
  readonly skipVerify?: boolean;
  /** PEM, in place of the system's authorities. */
  readonly ca?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /** Tried in order before the registry itself: "mirror.example:5000", "proxy.example/docker-hub". */
  readonly mirrors?: readonly string[];
  /** The host itself is asked when no mirror has it; false: mirrors only. */
  readonly isAsked?: boolean;
}

export interface RegistryOptions {
  /** Hosts as references write them ("docker.io", "registry:5000", "*.example.com"). Absent: any that is asked for. An empty list allows none. */
  readonly allowedRegistries?: readonly string[];
  readonly hosts?: Readonly<Record<string, RegistryHost>>;
  /** Hosts (with a port, when it is not 443) that may give tokens for registries, beside those registries themselves. */
  readonly tokenRealms?: readonly string[];
  readonly credentials?: CredentialSource;
  /** PEM, added to the system's authorities for every host. */
  readonly ca?: string;
  readonly limits?: Partial<RegistryLimits>;
  /** Time, chance and waiting: parameters for tests. */
  readonly nowMs?: () => number;
  readonly random?: () => number;
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Throws Fault "registry/not-allowed" unless `registry` is on the list; before any connection. */
export function refuseUnlisted(registry: string, { allowedRegistries }: RegistryOptions): void {
  if (allowedRegistries === undefined || allowedRegistries.some((pattern) => hostMatches(pattern, registry))) return;
  throw new Fault(`${registry} is not among the registries that may be used`, {
    code: "registry/not-allowed",
    kind: "forbidden",
    hint: allowedRegistries.length === 0 ? "none is listed" : `listed are ${allowedRegistries.slice(0, 20).join(", ")}`,
  });
}

/** "*.example.com" means any host below, not example.com; a pattern without a port means the usual one. */
export function hostMatches(pattern: string, host: string): boolean {
  const left = pattern.toLowerCase();
  const right = host.toLowerCase();
  if (!left.startsWith("*.")) return left === right;
  return right.endsWith(left.slice(1)) && right.length > left.length - 1;
}

/** Where the API of a registry is: docker.io's is at another name. */
export function apiHost(registry: string): string {
  return registry === "docker.io" ? "registry-1.docker.io" : registry;
}

/** Hosts that give tokens for well-known registries. */
const knownRealms: Readonly<Record<string, readonly string[]>> = {
  "docker.io": ["auth.docker.io"],
  "registry-1.docker.io": ["auth.docker.io"],
  "registry.gitlab.com": ["gitlab.com"],
  "registry.redhat.io": ["sso.redhat.com"],
  "registry.connect.redhat.com": ["sso.redhat.com"],
  "registry.suse.com": ["scc.suse.com"],
  "nvcr.io": ["authn.nvidia.com"],
};

/**
 * Whether a token may be asked for at `realm` on behalf of `registry`: over https (or on loopback, for a registry on loopback), at the registry's own host, its known
 * realm, or a listed one. Throws Fault "registry/token-realm".
 */
export function refuseRealm(realm: URL, registryUrl: URL, registry: string, options: RegistryOptions): void {
  const isLocal = isLoopbackName(realm.hostname) && isLoopbackName(registryUrl.hostname);
  if (realm.protocol !== "https:" && !(realm.protocol === "http:" && isLocal)) {
    throw realmFault(realm, registry, "not over https", "the registry must name a realm that begins with https://");
  }
  if (realm.username !== "" || realm.password !== "")
    throw realmFault(realm, registry, "with a user in its address", "");
  const listed = [...(knownRealms[registry] ?? []), ...(options.tokenRealms ?? [])];
  // On loopback every port is somebody else.
  const isOwn = isLocal ? realm.host === registryUrl.host : realm.hostname === registryUrl.hostname;
  if (isOwn || listed.some((pattern) => hostMatches(pattern, realm.host))) return;
  throw realmFault(
    realm,
    registry,
    "which is not listed",
    `if you trust it with this registry's password: --token-realm ${realm.host}`,
  );
}

function realmFault(realm: URL, registry: string, because: string, hint: string): Fault {
  return new Fault(`${registry} sends for a token to ${realm.host}, ${because}`, {
    code: "registry/token-realm",
    kind: "forbidden",
    ...(hint === "" ? {} : { hint }),
  });
}

/** Names and numbers of this machine itself. */
export function isLoopbackName(hostname: string): boolean {
  const bare = hostname.toLowerCase().replace(/^\[|\]$/g, "");
  return bare === "localhost" || bare.endsWith(".localhost") || bare === "::1" || /^127\.\d+\.\d+\.\d+$/.test(bare);
}
