// The session's cookie: HttpOnly, SameSite=Strict, for this server only; Secure where TLS is spoken.
import { cookieName } from "./http/callers.ts";

interface Door {
  readonly scheme: "http" | "https";
  readonly port: number;
}

export function sessionCookie({ scheme, port }: Door, secret: string, maxAgeSeconds: number): string {
  const secure = scheme === "https" ? "; Secure" : "";
  return `${cookieName(scheme, port)}=${secret}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`;
}

export function clearSessionCookie(door: Door): string {
  return sessionCookie(door, "", 0);
}
