// Calls to our own server: same origin, the cookie goes by itself. One hook for every operation of the contract.
import { keepPreviousData, QueryCache, QueryClient, useQuery, type UseQueryResult } from "@tanstack/react-query";
import type { Api, OperationName } from "../../../src/apps/server/contract/api.ts";
import { call, type CallOptions, type ClientOptions } from "../../../src/apps/server/contract/client.ts";
import type { ResponseOf } from "../../../src/apps/server/contract/endpoint.ts";
import { troubleOf } from "./trouble.ts";

export const apiClient: ClientOptions = { base: "", fetch: (input, init) => fetch(input, init) };

export const sessionKey = ["me"] as const;

export const queryClient = new QueryClient({
  queryCache: new QueryCache({
    // A session that ends while a screen is open shows the login page at the next answer, not an error per panel.
    onError: (error, query) => {
      const expired = troubleOf(error).kind === "unauthenticated" && query.queryKey[0] !== sessionKey[0];
      if (expired) void queryClient.invalidateQueries({ queryKey: sessionKey });
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 2000,
      gcTime: 60_000,
      refetchOnWindowFocus: true,
      // Bad input and missing rights do not get better by asking again; an unreachable server is asked by the interval.
      retry: (failures, error) => failures < 1 && troubleOf(error).kind === "unreachable",
    },
  },
});

export interface CallSettings {
  /** Asks again this often while the screen is open. */
  readonly refetchMs?: number | undefined;
  readonly enabled?: boolean;
  /** Keeps showing the last answer while another window or filter is asked for. */
  readonly keep?: true;
}

/** One operation as a query: cached by its parameters, cancelled when they change. Errors are for `troubleOf`. */
export function useCall<Name extends OperationName>(
  name: Name,
  options: CallOptions<Api[Name]>,
  settings: CallSettings = {},
): UseQueryResult<ResponseOf<Api[Name]>> {
  return useQuery<ResponseOf<Api[Name]>>({
    queryKey: [name, options],
    queryFn: ({ signal }) => call(apiClient, name, { ...options, signal }),
    enabled: settings.enabled ?? true,
    ...(settings.refetchMs === undefined ? {} : { refetchInterval: settings.refetchMs }),
    ...(settings.keep === true ? { placeholderData: keepPreviousData } : {}),
  });
}
