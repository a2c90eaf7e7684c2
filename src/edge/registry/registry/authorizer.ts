// Answers a registry's challenge: Basic as it is, Bearer by a token from the realm. Tokens are kept until shortly before they end, apart for each repository.
import { z } from "zod";
import { Fault } from "../../../base/fault.ts";
import { parseJson } from "../manifest/bounded-json.ts";
import { discard, readBody } from "./body.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Credential, CredentialSource } from "./credentials.ts";
import { refuseRealm, type RegistryOptions } from "./options.ts";
import { retryAfterMs, type Retry, withRetries } from "./retry.ts";
import type { Answer, Transport } from "./transport.ts";

export interface Authorizer {
  /** What to show the registry for this repository, as far as it is known; undefined: nothing yet. */
  header(repository: string): string | undefined;
  /** After a 401: gets what is asked for. False when there is nothing new to show. Throws Faults "registry/token-realm", "registry/unauthorized", ... */
  answer(refusal: Answer, repository: string, signal: AbortSignal): Promise<boolean>;
}

export interface AuthorizerParts {
  readonly registry: string;
  readonly credentials: CredentialSource;
  readonly options: RegistryOptions;
  readonly transport: Transport;
  readonly retry: Retry;
}

interface Shown {
  readonly header: string;
  readonly untilMs: number;
}

/** A token is not shown in its last seconds. */
const marginMs = 5000;

export function createAuthorizer(parts: AuthorizerParts): Authorizer {
  const shown = new Map<string, Shown>();
  const { retry, transport } = parts;
  const keep = (repository: string, value: Shown) => {
    if (shown.size >= transport.limits.tokensMax) shown.clear();
    shown.set(repository, value);
  };
  return {
    header(repository) {
      const known = shown.get(repository);
      return known !== undefined && known.untilMs > retry.nowMs() ? known.header : undefined;
    },
    async answer(refusal, repository, signal) {
      const challenges = parseChallenges(refusal.header("www-authenticate"));
      const credential = await parts.credentials.find(parts.registry, repository);
      const before = shown.get(repository)?.header;
      const bearer = challenges.find(({ scheme }) => scheme === "bearer");
      const basic = challenges.find(({ scheme }) => scheme === "basic");
      if (bearer !== undefined) {
        if (credential?.kind === "bearer")
          keep(repository, { header: `Bearer ${credential.reveal()}`, untilMs: Infinity });
        else keep(repository, await askToken(bearer, { ...parts, refusal, repository, credential, signal }));
      } else if (basic !== undefined && credential?.kind === "basic") {
        keep(repository, { header: basicHeader(credential), untilMs: Infinity });
      } else return false;
      return shown.get(repository)?.header !== before;
    },
  };
}

function basicHeader(credential: Credential): string {
  return `Basic ${Buffer.from(`${credential.user}:${credential.reveal()}`).toString("base64")}`;
}

interface Asking extends AuthorizerParts {
  readonly refusal: Answer;
  readonly repository: string;
  readonly credential: Credential | undefined;
  readonly signal: AbortSignal;
}

const TokenAnswer = z.object({
  token: z.string().nullish(),
  access_token: z.string().nullish(),
  expires_in: z.number().nullish(),
});

async function askToken(challenge: Challenge, asking: Asking): Promise<Shown> {
  const { registry, refusal, transport, retry, signal } = asking;
  const realmText = challenge.parameters.get("realm") ?? "";
  if (!URL.canParse(realmText)) {
    throw new Fault(`${registry} names no realm where a token is to be had`, {
      code: "registry/token-realm",
      kind: "unavailable",
    });
  }
  const realm = new URL(realmText);
  refuseRealm(realm, refusal.url, registry, asking.options);
  const bytes = await withRetries(retry, signal, async () => {
    const answer = await transport.send({ ...tokenRequest(realm, challenge, asking), signal });
    if (answer.status === 200) return await readBody(answer, transport.limits.tokenBytesMax);
    discard(answer);
    throw tokenFault(answer, asking);
  });
  const parsed = TokenAnswer.safeParse(parseJson(bytes, `the token of ${realm.host}`));
  const token = parsed.success ? (parsed.data.token ?? parsed.data.access_token ?? "") : "";
  if (token === "" || !/^[\x21-\x7e]{1,65536}$/.test(token)) {
    throw new Fault(`${realm.host} gave no token for ${registry}`, {
      code: "registry/unauthorized",
      kind: "unauthenticated",
    });
  }
  const wanted = parsed.success ? (parsed.data.expires_in ?? transport.limits.tokenSecondsDefault) : 0;
  const seconds = Math.min(Math.max(wanted, 0), transport.limits.tokenSecondsMax);
  return { header: `Bearer ${token}`, untilMs: retry.nowMs() + Math.max(seconds * 1000 - marginMs, 1000) };
}

/** A GET with Basic, or a POST with the identity token as a refresh token. A realm's answer is never followed elsewhere. */
function tokenRequest(realm: URL, challenge: Challenge, { registry, repository, credential }: Asking) {
  const service = challenge.parameters.get("service") ?? "";
  const scope = scopeOf(challenge, repository);
  const host = registry;
  if (credential?.kind === "identity") {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: "garrison",
      service,
      scope,
      refresh_token: credential.reveal(),
    });
    const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
    return { url: realm, method: "POST" as const, headers, body: form.toString(), host };
  }
  const url = new URL(realm);
  if (service !== "") url.searchParams.set("service", service);
  url.searchParams.append("scope", scope);
  const authorization = credential?.kind === "basic" ? { authorization: basicHeader(credential) } : {};
  return { url, headers: { accept: "application/json", ...authorization }, host };
}

/** Only ever to pull, whatever the challenge would have us ask for; registries behind a prefix name the repository in their own way. */
function scopeOf(challenge: Challenge, repository: string): string {
  const named = /^repository:([a-z0-9._/-]{1,512}):/.exec(challenge.parameters.get("scope") ?? "")?.[1];
  return `repository:${named !== undefined && named.endsWith(repository) ? named : repository}:pull`;
}

function tokenFault(answer: Answer, { registry, credential, retry }: Asking): Fault {
  const { status, url } = answer;
  if (status === 429 || status >= 500) {
    const afterMs = retryAfterMs(answer, retry.nowMs());
    return new Fault(`${url.host} gives no token for ${registry} now (status ${status})`, {
      code: status === 429 ? "registry/limited" : "registry/unavailable",
      kind: status === 429 ? "limited" : "unavailable",
      ...(afterMs === undefined ? {} : { retryAfterMs: afterMs }),
    });
  }
  return new Fault(`${url.host} gives no token for ${registry} (status ${status})`, {
    code: "registry/unauthorized",
    kind: "unauthenticated",
    hint:
      credential === undefined
        ? "log in to the registry, or give a pull secret"
        : "user or password are not right for it",
  });
}
