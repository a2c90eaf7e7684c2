// Objects of one or more kinds, page by page, as one list. Each kind has its own cursor; the reasons why a list is not whole are joined.
import { useInfiniteQuery } from "@tanstack/react-query";
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import { call } from "../../../../src/apps/server/contract/client.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { InventoryKind, InventoryObject } from "../../../../src/model/inventory.ts";
import { apiClient } from "../../api/client.ts";
import type { ObjectsQuestion } from "./cluster-screen.tsx";

type Page = ResponseOf<Api["listInventory"]>;

const pageRows = 1000;
const refetchMs = 10_000;

/** Where each kind goes on; a kind that is done is not in it. */
type Cursors = Readonly<Partial<Record<InventoryKind, string>>>;

export interface Objects {
  readonly objects: readonly InventoryObject[];
  readonly total: number;
  readonly at: string | undefined;
  readonly because: readonly string[];
  readonly pending: boolean;
  readonly error: Error | null;
  /** Undefined when all are here. */
  readonly loadMore: (() => void) | undefined;
  readonly retry: () => void;
}

export function useObjects(question: ObjectsQuestion, kinds: readonly InventoryKind[]): Objects {
  const { cluster, namespace, at } = question;
  const query = {
    limit: pageRows,
    ...(namespace === undefined ? {} : { namespace }),
    ...(at === undefined ? {} : { at }),
  };
  const answer = useInfiniteQuery({
    queryKey: ["listInventory", question, kinds],
    initialPageParam: Object.fromEntries(kinds.map((kind) => [kind, ""])) as Cursors,
    queryFn: ({ pageParam, signal }) =>
      Promise.all(
        Object.entries(pageParam).map(async ([name, cursor]) => {
          const kind = name as InventoryKind;
          const page = await call(apiClient, "listInventory", {
            params: { cluster, kind },
            query: { ...query, ...(cursor === "" ? {} : { cursor }) },
            signal,
          });
          return { kind, page };
        }),
      ),
    getNextPageParam: (last): Cursors | undefined => {
      const going = last.flatMap(({ kind, page }) => (page.next === undefined ? [] : [[kind, page.next] as const]));
      return going.length === 0 ? undefined : Object.fromEntries(going);
    },
    ...(at === undefined ? { refetchInterval: refetchMs } : {}),
  });
  const pages = answer.data?.pages ?? [];
  const first: readonly Page[] = pages[0]?.map(({ page }) => page) ?? [];
  return {
    objects: pages.flatMap((each) => each.flatMap(({ page }) => page.objects)),
    total: first.reduce((sum, { total }) => sum + total, 0),
    at: first[0]?.at,
    because: [...new Set(first.map(({ because }) => because).filter((text) => text !== ""))],
    pending: answer.isPending,
    error: answer.error,
    loadMore: answer.hasNextPage && !answer.isFetchingNextPage ? () => void answer.fetchNextPage() : undefined,
    retry: () => void answer.refetch(),
  };
}
