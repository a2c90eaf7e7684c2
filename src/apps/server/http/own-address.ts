// Is a request meant for us, and does it come from our own page? Host allow list against DNS rebinding, Origin and Sec-Fetch-Site
// against other sites' pages. The client's address and X-Forwarded-* headers are never looked at.
import { Fault } from "../../../base/fault.ts";

export interface OwnAddress {
  readonly scheme: "http" | "https";
  readonly port: number;
  /** From configuration: "name" or "name:port". */
  readonly allowedHosts: readonly string[];
}

const alwaysAllowed = ["localhost", "127.0.0.1", "[::1]"];
const defaultPort = { http: 80, https: 443 } as const;

interface HostAndPort {
  readonly host: string;
  readonly port: number | undefined;
}

/** "name", "name:1", "[::1]:1" -> parts in lower case; undefined when it is not a host. */
export function parseHost(text: string): HostAndPort | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)(?::(\d{1,5}))?$/.exec(text.toLowerCase());
  if (match?.[1] === undefined) return undefined;
  return { host: match[1], port: match[2] === undefined ? undefined : Number(match[2]) };
}

/** Whether a Host header names us. Configured names may come with any default port, or the port they were configured with. */
export function isOwnHost(own: OwnAddress, header: string): boolean {
  const given = parseHost(header);
  if (given === undefined) return false;
  if (alwaysAllowed.includes(given.host)) return (given.port ?? defaultPort[own.scheme]) === own.port;
  return own.allowedHosts.some((text) => {
    const allowed = parseHost(text);
    if (allowed?.host !== given.host) return false;
    if (given.port === undefined || given.port === allowed.port) return true;
    return allowed.port === undefined && given.port === own.port;
  });
}

/** Throws `server/host-not-allowed`. */
export function refuseForeignHost(own: OwnAddress, header: string | undefined): void {
  if (header !== undefined && isOwnHost(own, header)) return;
  throw new Fault(`this server is not called ${JSON.stringify((header ?? "").slice(0, 100))}`, {
    code: "server/host-not-allowed",
    kind: "forbidden",
    hint: "use the printed address, or add the name with --console-allowed-hosts",
  });
}

export interface RequestOrigin {
  readonly host: string;
  readonly origin: string | undefined;
  readonly fetchSite: string | undefined;
  /** A cookie is sent by the browser unasked; a bearer token is not. */
  readonly hasCookieCredential: boolean;
  readonly method: string;
}

/** Throws `server/foreign-origin` when a page of another site is behind the request. */
export function refuseForeignOrigin(own: OwnAddress, request: RequestOrigin): void {
  const { origin, fetchSite } = request;
  if (origin !== undefined && !isOwnOrigin(own, origin, request.host)) throw foreign(`Origin ${origin.slice(0, 200)}`);
  // "same-site" is another port of this host: not us.
  if (fetchSite !== undefined && fetchSite !== "same-origin" && fetchSite !== "none") {
    throw foreign(`Sec-Fetch-Site ${fetchSite.slice(0, 40)}`);
  }
  const isChange = request.method !== "GET" && request.method !== "HEAD";
  if (isChange && request.hasCookieCredential && origin === undefined && fetchSite === undefined) {
    throw foreign("neither Origin nor Sec-Fetch-Site beside a cookie");
  }
}

function isOwnOrigin(own: OwnAddress, origin: string, host: string): boolean {
  const [scheme, rest] = origin.toLowerCase().split("://");
  if (rest === undefined || rest !== host.toLowerCase()) return false;
  if (scheme === own.scheme) return true;
  // A configured name may stand for a proxy that ends TLS before us.
  return scheme === "https" && !alwaysAllowed.includes(parseHost(rest)?.host ?? "");
}

function foreign(what: string): Fault {
  return new Fault(`the request comes from another site (${what})`, {
    code: "server/foreign-origin",
    kind: "forbidden",
    hint: "open the console by its own address; programs use a bearer token and send no Origin",
  });
}

/** The configured address as a Host header says it: a name of ours, too, except one that means "everywhere". */
export function hostsOfAddress(address: string): readonly string[] {
  if (address === "0.0.0.0" || address === "::") return [];
  return [address.includes(":") ? `[${address}]` : address];
}

/** Whether an address is this machine only. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || address === "::1" || /^127(\.\d{1,3}){3}$/.test(address);
}
