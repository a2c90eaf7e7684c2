// Who is looking: the one-time token of the URL fragment is exchanged for a cookie once, then forgotten; /me says the rest.
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { Me } from "../../../src/apps/server/contract/access.ts";
import { call } from "../../../src/apps/server/contract/client.ts";
import { apiClient, queryClient, sessionKey } from "./client.ts";

/** Takes the token out of the address bar before anything else can read or share it. */
export function takeToken(): string | undefined {
  const token = /^#token=([^&]+)/.exec(location.hash)?.[1];
  if (token === undefined) return undefined;
  history.replaceState(history.state, "", location.pathname + location.search);
  return decodeURIComponent(token);
}

let token = takeToken();

// A second link opened in the same tab changes only the fragment: no page load tells us.
window.addEventListener("hashchange", () => {
  const next = takeToken();
  if (next === undefined) return;
  token = next;
  void queryClient.invalidateQueries({ queryKey: sessionKey });
});

/** The session; throws (into the query's error) when there is none. A used token does not end a session that stands. */
async function openSession(signal: AbortSignal): Promise<Me> {
  const given = token;
  token = undefined;
  if (given === undefined) return call(apiClient, "me", { signal });
  try {
    return await call(apiClient, "createSession", { body: { token: given }, signal });
  } catch (refused) {
    return call(apiClient, "me", { signal }).catch(() => {
      throw refused;
    });
  }
}

/** Ends the session at the server; every screen then shows the login page. Throws when the server did not do it. */
export async function endSession(): Promise<void> {
  await call(apiClient, "deleteSession", {});
  await queryClient.resetQueries({ queryKey: sessionKey });
}

export function useSession(): UseQueryResult<Me> {
  return useQuery({
    queryKey: sessionKey,
    queryFn: ({ signal }) => openSession(signal),
    staleTime: 60_000,
    refetchInterval: (query) => (query.state.status === "error" ? 5000 : 300_000),
    retry: false,
  });
}
