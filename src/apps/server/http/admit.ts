// Who may come in: a request must be meant for us, come from our own page or a program, and carry a sufficient credential.
import type { Clock } from "../../../base/clock.ts";
import type { Logger } from "../../../base/logger.ts";
import type { StateStore } from "../../../core/state/ports.ts";
import type { Endpoint } from "../contract/endpoint.ts";
import type { Metrics } from "../metrics.ts";
import { callerOf, cookieName, credentialOf, refuseUnlessAllowed, type Caller } from "./callers.ts";
import type { StreamHub } from "./event-stream.ts";
import { refuseForeignHost, refuseForeignOrigin, type OwnAddress } from "./own-address.ts";

export interface Door {
  readonly own: OwnAddress;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state: StateStore;
  readonly streams: StreamHub;
  readonly metrics: Metrics;
  readonly bodyBytesMax: number;
  readonly bodyDepthMax: number;
  /** Checks each answer against the contract: for tests. */
  readonly checksAnswers: boolean;
}

export interface Visit {
  readonly caller: Caller | undefined;
  /** Asks again whether the credential is still good. */
  readonly isStillAllowed: () => Promise<boolean>;
}

/** Lets a request in and says who is behind it, or throws for a foreign Host or Origin. An unknown caller is no error yet. */
export async function identify(door: Door, request: Request, endpoint: Pick<Endpoint, "role">): Promise<Visit> {
  const { headers } = request;
  const host = headers.get("host") ?? undefined;
  refuseForeignHost(door.own, host);
  const presented = credentialOf(headers, cookieName(door.own.scheme, door.own.port));
  refuseForeignOrigin(door.own, {
    host: host ?? "",
    origin: headers.get("origin") ?? undefined,
    fetchSite: headers.get("sec-fetch-site") ?? undefined,
    hasCookieCredential: presented?.isCookie === true,
    method: request.method,
  });
  const find = async (): Promise<Caller | undefined> =>
    presented === undefined ? undefined : await callerOf(door.state.tokens, door.clock, presented);
  // An open operation does not look the credential up: it must answer when the state store does not.
  const caller = endpoint.role === "open" ? undefined : await find();
  return { caller, isStillAllowed: async () => (await find()) !== undefined };
}

/** As `identify`, and refuses a caller whose role is not enough. */
export async function admit(door: Door, request: Request, endpoint: Pick<Endpoint, "role">): Promise<Visit> {
  const visit = await identify(door, request, endpoint);
  refuseUnlessAllowed(endpoint.role, visit.caller);
  return visit;
}
