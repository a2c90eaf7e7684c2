// Cursors as opaque text: where a page ended, and which blocks a live stream has delivered. Checked when they come back.
import { Fault } from "../../../base/fault.ts";
import { z } from "zod";

/** A time that has a four-digit year: others cannot be written as RFC 3339, and no row carries one. */
const Millis = z.int().min(0).max(253_402_300_799_999);

/** Longest cursor that is looked at. */
const lengthMax = 4096;

/**
 * Where a page of a newest-first listing ended. The order is (time, ingest, tie) downwards; rows that agree in all three are equal, and
 * `skip` of them were delivered. The window is kept, so that relative windows do not move between pages.
 */
const PagePosition = z.strictObject({
  sinceMs: Millis,
  untilMs: Millis,
  timeMs: Millis,
  ingest: z.int().min(0),
  tie: z.string().regex(/^\d{1,20}$/),
  skip: z.int().min(0).max(100_000),
});
export type PagePosition = z.infer<typeof PagePosition>;

/** Where a page of a list that is ordered as a whole (workloads) ended. */
const OffsetPosition = z.strictObject({ sinceMs: Millis, untilMs: Millis, offset: z.int().min(0).max(1_000_000) });
export type OffsetPosition = z.infer<typeof OffsetPosition>;

/** All blocks up to `floor` are delivered, and those of `blocks` above it. */
const StreamPosition = z.strictObject({ floor: z.int().min(0), blocks: z.array(z.int().min(0)).max(1024) });
export type StreamPosition = z.infer<typeof StreamPosition>;

export function encodeCursor(position: PagePosition | OffsetPosition | StreamPosition): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

export function decodePage(cursor: string): PagePosition {
  return decode(cursor, PagePosition);
}

export function decodeOffset(cursor: string): OffsetPosition {
  return decode(cursor, OffsetPosition);
}

export function decodeStream(cursor: string): StreamPosition {
  return decode(cursor, StreamPosition);
}

function decode<T>(cursor: string, schema: z.ZodType<T>): T {
  const refused = (cause?: unknown) =>
    new Fault("the cursor is not one of this listing", {
      code: "queries/bad-cursor",
      kind: "usage",
      where: "cursor",
      hint: "Give back `next` of the previous page unchanged, or leave the cursor out to begin again.",
      cause,
    });
  if (cursor.length > lengthMax) throw refused();
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch (cause) {
    throw refused(cause);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw refused(parsed.error);
  return parsed.data;
}
