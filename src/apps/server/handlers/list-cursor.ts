// Where a page of a list in memory ended, as opaque text; checked when it comes back.
import { z } from "zod";
import { Fault } from "../../../base/fault.ts";

const Position = z.strictObject({ offset: z.int().min(0).max(1_000_000), atMs: z.int().min(0).optional() });
export type ListPosition = z.infer<typeof Position>;

const lengthMax = 200;

export function encodeListCursor(position: ListPosition): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** Throws Fault "server/bad-cursor". */
export function decodeListCursor(cursor: string): ListPosition {
  const parsed = cursor.length > lengthMax ? undefined : Position.safeParse(jsonOf(cursor));
  if (parsed?.success === true) return parsed.data;
  throw new Fault("the cursor is not one of this listing", {
    code: "server/bad-cursor",
    kind: "usage",
    where: "cursor",
    hint: "Give back `next` of the previous page unchanged, or leave the cursor out to begin again.",
  });
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    // Not ours: the schema refuses `undefined`.
    return undefined;
  }
}
