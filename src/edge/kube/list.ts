// A whole list in pages. Objects are read page by page, so that no more than one page of raw JSON is in memory at a time.
import { z } from "zod";
import { Fault } from "../../base/fault.ts";
import { apiFault } from "./api-fault.ts";
import { readInto } from "./body.ts";
import type { Asking } from "./discovery.ts";
import { readPage } from "./page.ts";

const Page = z.object({
  metadata: z.object({ resourceVersion: z.string().default(""), continue: z.string().nullish() }),
  /** Empty: they were read one by one. */
  items: z.array(z.unknown()).max(0).nullish(),
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
  readonly read: (raw: unknown) => T | undefined;
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
  const scratch = { buffer: Buffer.alloc(0) };
  let next = "";
  let resourceVersion = "";
  let objects: number = limits.pageObjects;
  for (let page = 0; page < limits.pagesMax; page += 1) {
    const got = await pageOf(listing, { scratch, next }, objects);
    objects = got.objects;
    for (const item of got.items) items.push(item);
    // Every page is of the state at the first one's version.
    if (resourceVersion === "") resourceVersion = got.page.metadata.resourceVersion;
    next = got.page.metadata.continue ?? "";
    if (next === "") return { items, resourceVersion };
  }
  throw new Fault(`${path} does not end after ${limits.pagesMax} pages`, { code: "kube/no-end", kind: "unavailable" });
}

interface PagePlace {
  /** One buffer for all pages of a list. */
  readonly scratch: { buffer: Buffer };
  /** The continue token; "" for the first page. */
  readonly next: string;
}

/** A page, with fewer objects where they are too large together. */
async function pageOf<T>(listing: Listing<T>, place: PagePlace, objects: number) {
  for (let count = objects; ; count = Math.max(1, Math.floor(count / 10))) {
    try {
      return { ...(await pageWith(listing, place, count)), objects: count };
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.code !== "kube/too-large" || count === 1) throw thrown;
    }
  }
}

async function pageWith<T>(listing: Listing<T>, { scratch, next }: PagePlace, objects: number) {
  const { transport, signal, path, limits, read } = listing;
  const token = next === "" ? "" : `&continue=${encodeURIComponent(next)}`;
  const answer = await transport.get({ path: `${path}?limit=${objects}${token}`, signal });
  if (answer.status !== 200) throw await apiFault(answer, path, limits);
  const bounds = { bytesMax: limits.pageBytesMax, silentMs: limits.bodySilentMsMax };
  const { rest, items } = readPage(await readInto(scratch, answer, path, bounds), path, read);
  const page = Page.safeParse(rest);
  if (page.success) return { page: page.data, items };
  throw new Fault(`${path}: the answer is no list`, { code: "kube/broken-json", kind: "unavailable" });
}
