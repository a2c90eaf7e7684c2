// A whole list in pages. Objects are read page by page, so that no more than one page of raw JSON is in memory at a time.
import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { apiFault } from "./api-fault.ts";
import { parseJson, readText } from "./body.ts";
import type { Asking } from "./discovery.ts";

const Page = z.object({
  metadata: z.object({ resourceVersion: z.string().default(""), continue: z.string().nullish() }),
  items: z.array(z.unknown()).nullish(),
});

export interface WholeList<T> {
  readonly items: readonly T[];
  /** Where a watch goes on. */
  readonly resourceVersion: string;
}

export interface Listing<T> extends Asking {
  /** "/api/v1/pods". */
  readonly path: string;
  /** An object as it is kept; undefined: refused (and counted by who reads). */
  read(raw: unknown): T | undefined;
}

/**
 * Throws the faults of api-fault.ts, "kube/too-large" for an object that no page can hold, "kube/no-end" for a list that goes on for ever. A
 * server that forgot the rest of a list (410) is asked for a new one, a few times.
 */
export async function listAll<T>(listing: Listing<T>): Promise<WholeList<T>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listOnce(listing);
    } catch (thrown) {
      const isExpired = thrown instanceof Fault && thrown.code === "kube/gone";
      if (!isExpired || attempt >= listing.limits.expiredListsMax) throw thrown;
    }
  }
}

async function listOnce<T>(listing: Listing<T>): Promise<WholeList<T>> {
  const { limits, path } = listing;
  const items: T[] = [];
  let next = "";
  let resourceVersion = "";
  let objects: number = limits.pageObjects;
  for (let page = 0; page < limits.pagesMax; page += 1) {
    const got = await pageOf(listing, next, objects);
    objects = got.objects;
    // Every page is of the state at the first one's version.
    if (resourceVersion === "") resourceVersion = got.page.metadata.resourceVersion;
    for (const raw of got.page.items ?? []) {
      const item = listing.read(raw);
      if (item !== undefined) items.push(item);
    }
    next = got.page.metadata.continue ?? "";
    if (next === "") return { items, resourceVersion };
  }
  throw new Fault(`${path} does not end after ${limits.pagesMax} pages`, { code: "kube/no-end", kind: "unavailable" });
}

/** A page, with fewer objects where they are too large together. */
async function pageOf<T>(listing: Listing<T>, next: string, objects: number) {
  for (let count = objects; ; count = Math.max(1, Math.floor(count / 10))) {
    try {
      return { page: await pageWith(listing, next, count), objects: count };
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.code !== "kube/too-large" || count === 1) throw thrown;
    }
  }
}

async function pageWith<T>({ transport, signal, path, limits }: Listing<T>, next: string, objects: number) {
  const token = next === "" ? "" : `&continue=${encodeURIComponent(next)}`;
  const answer = await transport.get({ path: `${path}?limit=${objects}${token}`, signal });
  if (answer.status !== 200) throw await apiFault(answer, path, limits);
  const text = await readText(answer, path, { bytesMax: limits.pageBytesMax, silentMs: limits.bodySilentMsMax });
  const page = Page.safeParse(parseJson(text, path));
  if (page.success) return page.data;
  throw new Fault(`${path}: the answer is no list`, { code: "kube/broken-json", kind: "unavailable" });
}
